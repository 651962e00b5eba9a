"""Mail servers on loopback, and the context that a host would give."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from taskflow.plugin_api import Live, Message, PermanentError, Recipient
from taskflow.plugin_host.outbound import GivenBy, Guard
from taskflow_notify_email.config import Config

PASSWORD = "planted-4711"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ADA = Recipient(username="ada", email="ada@example.org")
MESSAGE = Message(
    key="event-7:ada:email",
    event="task.assigned",
    subject="Bob assigned HOME-12 to you",
    body="Pay rent\n\nIt is due tomorrow.",
    url="https://tasks.example.org/tasks/HOME-12",
    time=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
)


class Mailbox:
    """What arrived. A reply in `replies` by a command's name is what the server says instead of taking it."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.senders: list[str] = []
        self.recipients: list[str] = []
        self.logins: list[bytes] = []
        self.replies: dict[str, str] = {}
        self.commands: list[str] = []
        #: Seconds before it answers to MAIL.
        self.pause = 0.0

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.commands.append("MAIL")
        await asyncio.sleep(self.pause)
        if "MAIL" not in self.replies:
            envelope.mail_from = address
        return self.replies.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if "RCPT" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" not in self.replies:
            self.raw.append(envelope.content)
            self.senders.append(envelope.mail_from)
            self.recipients += envelope.rcpt_tos
        return self.replies.get("DATA", "250 queued as 42")

    async def handle_NOOP(self, server: Any, session: Any, envelope: Any, arg: str) -> str:
        self.commands.append("NOOP")
        return "250 still here"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        self.commands.append("QUIT")
        return "221 Bye"

    def sign_in(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data.password)
        if data.password == PASSWORD.encode():
            return AuthResult(success=True)
        said = f"535 5.7.8 {data.password.decode()} is wrong for {data.login.decode()}"
        return AuthResult(success=False, handled=False, message=said)


def serve(box: Mailbox, **options: Any) -> Controller:
    """A server that is ready; the caller stops it."""
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), authenticator=box.sign_in, **options)
    controller.start()
    return controller


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Scripted:
    """A server that does what `talk` does with a connection, one at a time."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._talk(connection)
                except OSError:
                    continue

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(3)


class Clock:
    """Stands at `NOW`."""

    def now(self) -> datetime:
        return NOW


class Context:
    """What the host hands to hooks."""

    def __init__(self, **values: Any) -> None:
        self.config = Config.model_validate({"from_address": "TaskFlow <tasks@example.org>", **values})
        self.log = logging.getLogger("plugin.notify_email")
        self.clock = Clock()

    @property
    def live(self) -> Live:
        raise PermanentError("not asked for")

    def http(self, timeout: float) -> Any:
        raise PermanentError("mail is not HTTP")

    async def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return await Guard().connect(host, port, GivenBy.ADMINISTRATOR, timeout=timeout)


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """For a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
