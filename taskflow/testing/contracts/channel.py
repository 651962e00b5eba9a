"""What a notification channel keeps to."""

import asyncio
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from taskflow.plugin_api import Health, Kind, Message, Recipient
from taskflow.testing.calls import make_recipient
from taskflow.testing.contracts.checks import CheckContract
from taskflow.testing.promises import promise
from taskflow.testing.servers import FakeServer, FakeSMTP

_TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)
_ADDRESS = "ada@example.org"


class ChannelContract(CheckContract):
    """`PluginContract`, and what `taskflow_notification_channels` promises of its objects."""

    kind: ClassVar[Kind] = Kind.NOTIFICATION_CHANNEL
    server_type: ClassVar[type[FakeServer] | None] = FakeSMTP

    def make_user_settings(self, server: Any) -> dict[str, Any]:
        """One person's own settings of the channel, for the manifest's `user_config`; none unless overridden."""
        return {}

    def make_recipient(self, server: Any) -> Recipient:
        """Ada, with `make_user_settings`."""
        values = {"username": "ada", "email": _ADDRESS, "settings": self.make_user_settings(server)}
        return make_recipient(self.manifest, values)

    def make_message(self, mark: str) -> Message:
        """A message whose subject and key hold `mark`."""
        return Message(
            key=f"key-{mark}",
            event="task.assigned",
            subject=f"You got {mark}",
            body="Ada gave you a task.\n.\nIt is due tomorrow.",
            url="https://tasks.example.org/t/1",
            time=_TIME,
        )

    def make_arguments(self, server: Any, mark: str) -> tuple[BaseModel, ...]:
        """`make_message` and `make_recipient`."""
        return self.make_message(mark), self.make_recipient(server)

    def check_overlapping(self, marks: list[str], answers: list[Any], server: Any) -> None:
        """Each message arrived, once."""
        if isinstance(server, FakeSMTP):
            subjects = sorted(str(mail.parsed()["Subject"]) for mail in server.messages)
            wanted = sorted(self.make_message(mark).subject for mark in marks)
            promise(subjects == wanted, f"Of overlapping messages {wanted} there arrived {subjects}.")

    def check_healthy(self, found: Health, backend: Any) -> None:
        """Nobody got anything."""
        if isinstance(backend, FakeSMTP):
            promise(not backend.messages, "check() sends a message.")

    def test_a_message_arrives(self, backend: Any) -> None:
        message = self.make_message("fällig 💶")
        asyncio.run(self._send(backend, message))
        if isinstance(backend, FakeSMTP):
            promise(len(backend.messages) == 1, f"One message was sent, {len(backend.messages)} arrived.")
            (mail,) = backend.messages
            promise(mail.recipients == (_ADDRESS,), f"It was for {_ADDRESS} and went to {mail.recipients}.")
            subject = str(mail.parsed()["Subject"])
            promise(message.subject in subject, f"The subject {message.subject!r} arrived as {subject!r}.")
            held = str(mail.parsed().get_body(("plain",)) or "")
            promise("It is due tomorrow." in held, "The whole body must arrive as plain text.")
        else:
            promise(bool(backend.requests), "Nothing reached the server.")

    def test_a_message_may_come_again(self, server: Any) -> None:
        message = self.make_message("mark")

        async def use() -> None:
            async with self.opened(server) as (subject, _):
                for _ in range(2):
                    await self.answer(subject, (message, self.make_recipient(server)))

        asyncio.run(use())

    def test_a_subject_cannot_add_headers_or_recipients(self, backend: Any) -> None:
        message = self.make_message("x").model_copy(update={"subject": "Hello\r\nBcc: eve@example.org\r\n\r\nBody"})

        async def use() -> None:
            async with self.opened(backend) as (subject, _):
                await self.outcome(subject, (message, self.make_recipient(backend)))

        asyncio.run(use())
        if isinstance(backend, FakeSMTP):
            for mail in backend.messages:
                alone = mail.recipients == (_ADDRESS,) and mail.parsed()["Bcc"] is None
                promise(alone, "A line break in a subject becomes a header of its own.")

    async def _send(self, server: Any, message: Message) -> None:
        async with self.opened(server) as (subject, _):
            await self.answer(subject, (message, self.make_recipient(server)))
