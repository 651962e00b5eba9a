"""A fake mail server: as much of SMTP as a client needs to hand over a message (RFC 5321, 4954), without TLS."""

import asyncio
import base64
import binascii
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from typing import ClassVar

from taskflow.testing.servers.base import FakeServer, Fault

_TEN_MEGABYTES = 10_000_000
#: What stands where a good answer to a command would.
_REFUSALS = {
    Fault.UNAUTHORISED: ("AUTH", "535 5.7.8 Authentication credentials invalid"),
    Fault.FORBIDDEN: ("AUTH", "534 5.7.9 This account may not sign in here"),
    Fault.NOT_FOUND: ("RCPT", "550 5.1.1 There is no such mailbox"),
    Fault.TOO_MANY: ("RCPT", "452 4.5.3 Too many messages, come back later"),
    Fault.SERVER_ERROR: ("MAIL", "451 4.3.0 Local error in processing"),
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One message as it was handed over, with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes

    def parsed(self) -> EmailMessage:
        """The message, its headers decoded."""
        return email.message_from_bytes(self.data, EmailMessage, policy=email.policy.default)


class FakeSMTP(FakeServer):
    """Takes every message into `messages`, and every sign-in (PLAIN and LOGIN) into `logins`.

    Without a sign-in it takes messages as well; UNAUTHORISED and FORBIDDEN meet those who sign in.
    """

    faults: ClassVar[frozenset[Fault]] = frozenset(Fault) - {Fault.WRONG_JSON}
    faults_of_a_check: ClassVar[frozenset[Fault]] = frozenset(
        {Fault.HANG, Fault.DRIP, Fault.CLOSE, Fault.GARBAGE, Fault.UNAUTHORISED, Fault.FORBIDDEN}
    )
    names_retry_after: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        #: Every message that it took, oldest first.
        self.messages: list[Mail] = []
        #: Name and password of every sign-in, refused ones too.
        self.logins: list[tuple[str, str]] = []
        #: Every command, without what AUTH says.
        self.commands: list[str] = []

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:port`."""
        return f"smtp://{self.host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, or the fault that meets it at its greeting."""
        await asyncio.sleep(self.delay)
        if self.fault is Fault.HANG:
            await self.hang()
        elif self.fault is Fault.DRIP:
            writer.write(b"220-")
            await self.drip(writer, b"x")
        elif self.fault is Fault.GARBAGE:
            writer.write(b"\x00\xff\xfe\x80 not a greeting\r\n" * 5)
            await writer.drain()
        elif self.fault is Fault.TEN_MEGABYTES:
            writer.write(b"220 " + b"x" * _TEN_MEGABYTES + b"\r\n")
            await writer.drain()
        elif self.fault is not Fault.CLOSE:
            await _Dialogue(self, reader, writer).run()


class _Dialogue:
    """One connection's commands and answers."""

    def __init__(self, server: FakeSMTP, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._sender = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        """Until QUIT, or until the other side goes."""
        await self._say("220 fake.example.org ESMTP")
        while line := await self._reader.readline():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            verb = verb.upper()
            self._server.commands.append(verb if verb == "AUTH" else line.decode("utf-8", "replace").strip())
            refused, answer = _REFUSALS.get(self._server.fault or Fault.HANG, ("", ""))
            if verb == "AUTH":
                await self._sign_in(rest, answer if refused == verb else "235 2.7.0 Welcome")
            elif verb == refused:
                await self._say(answer)
            elif verb == "DATA":
                if not await self._take():
                    return
            else:
                await self._say(self._answer(verb, rest))
            if verb == "QUIT":
                return

    def _answer(self, verb: str, rest: str) -> str:
        address = re.search(r"<([^>]*)>", rest)
        if verb == "EHLO":
            return "250-fake.example.org\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN"
        if verb == "MAIL":
            self._sender, self._recipients = address[1] if address else "", []
        elif verb == "RCPT":
            self._recipients.append(address[1] if address else "")
        elif verb == "RSET":
            self._recipients = []
        elif verb == "QUIT":
            return "221 2.0.0 Bye"
        return "250 2.0.0 OK" if verb in {"HELO", "MAIL", "RCPT", "RSET", "NOOP"} else "502 5.5.2 Unknown command"

    async def _take(self) -> bool:
        """Whether the connection lives on."""
        if not self._recipients:
            await self._say("503 5.5.1 No recipient")
            return True
        await self._say("354 End with a dot")
        data = b""
        while (line := await self._reader.readline()) not in (b".\r\n", b""):
            data += line.removeprefix(b".") if line.startswith(b".") else line
        if self._server.fault is Fault.CUT:
            return False
        self._server.messages.append(Mail(self._sender, tuple(self._recipients), data))
        await self._say(f"250 2.0.0 Taken as {len(self._server.messages)}")
        return True

    async def _sign_in(self, rest: str, answer: str) -> None:
        method, _, initial = rest.partition(" ")
        try:
            if method.upper() == "PLAIN":
                _, name, password = _decode(initial or await self._ask("")).split("\0")
            elif method.upper() == "LOGIN":
                name = _decode(initial or await self._ask("VXNlcm5hbWU6"))
                password = _decode(await self._ask("UGFzc3dvcmQ6"))
            else:
                await self._say("504 5.5.4 Unknown method")
                return
        except (ValueError, binascii.Error):
            await self._say("501 5.5.2 Not understood")
            return
        self._server.logins.append((name, password))
        # Some servers repeat what they were given; what is logged of it is the client's business.
        await self._say(answer if answer.startswith("2") else f"{answer}: {name}/{password}")

    async def _ask(self, prompt: str) -> str:
        await self._say(f"334 {prompt}")
        return (await self._reader.readline()).decode().strip()

    async def _say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()


def _decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()
