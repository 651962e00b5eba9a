"""The channel against real mail servers on loopback."""

import asyncio
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from smtp_server import ADA, MESSAGE, NOW, PASSWORD, Context, Mailbox, Scripted, free_port, serve

from taskflow.plugin_api import (
    AuthError,
    NotificationChannel,
    PermanentError,
    PluginError,
    Recipient,
    TransientError,
)
from taskflow_notify_email import manifest, taskflow_notification_channels
from taskflow_notify_email.config import Config, PersonalConfig

#: The headers of a text.
CONTENT = ("Content-Type", "Content-Transfer-Encoding", "MIME-Version")


def channel(url: str, **values: Any) -> NotificationChannel:
    (made,) = taskflow_notification_channels(Context(url=url, **values))
    return made


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def url(box: Mailbox) -> Iterator[str]:
    """Of a server that wants no sign-in but takes one."""
    server = serve(box, auth_require_tls=False)
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()


def signed_in(url: str, password: str) -> str:
    return url.replace("smtp://", f"smtp://ada%40example.org:{password}@")


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


async def test_a_message_becomes_a_plain_text_mail(box: Mailbox, url: str) -> None:
    delivery = await channel(url).send(MESSAGE, ADA)
    (mail,) = box.mails
    assert (box.senders, box.recipients) == (["tasks@example.org"], ["ada@example.org"])
    assert mail["Subject"] == "Bob assigned HOME-12 to you"
    assert (mail["From"], mail["To"]) == ("TaskFlow <tasks@example.org>", "ada@example.org")
    assert parsedate_to_datetime(mail["Date"]) == MESSAGE.time
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert text_of(mail) == f"{MESSAGE.body}\n\n{MESSAGE.url}\n"
    assert (delivery.external_id, delivery.detail) == (mail["Message-ID"], "queued as 42")
    assert box.commands == ["MAIL", "QUIT"]


async def test_a_repetition_is_the_same_mail_and_another_message_is_not(box: Mailbox, url: str) -> None:
    mails = channel(url)
    await mails.send(MESSAGE, ADA)
    await channel(url).send(MESSAGE, ADA)
    await mails.send(MESSAGE.model_copy(update={"key": "event-8:ada:email"}), ADA)
    await mails.send(MESSAGE, Recipient(username="bob", email="bob@example.org"))
    first, again, *others = box.raw
    assert first == again
    assert len({mail["Message-ID"] for mail in box.mails}) == 1 + len(others)


async def test_texts_of_any_language_arrive_through_seven_bits(box: Mailbox, url: str) -> None:
    subject, body = "Überfällig: Miete “zahlen” 🏠 " + "sehr " * 30, "Grüße, 世界\n" + "x" * 2_000 + "\n.\nEnde"
    await channel(url).send(MESSAGE.model_copy(update={"subject": subject, "body": body, "url": ""}), ADA)
    (mail,) = box.mails
    assert (mail["Subject"], text_of(mail)) == (subject.strip(), body + "\n")
    assert box.raw[0].isascii()
    assert max(len(line) for line in box.raw[0].splitlines()) < 998


@pytest.mark.parametrize(
    "subject", ["Hi\r\nBcc: eve@example.org", "Hi\nBcc: eve@example.org", "Hi\r\n\r\nBcc: x", "a\x00b\x85c"]
)
async def test_a_subject_adds_no_header(box: Mailbox, url: str, subject: str) -> None:
    await channel(url).send(MESSAGE.model_copy(update={"subject": subject}), ADA)
    (mail,) = box.mails
    assert set(mail) == {"Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", *CONTENT}
    assert str(mail["Subject"]).split() == "".join(s if s.isprintable() else " " for s in subject).split()


async def test_a_subject_of_blanks_is_replaced(box: Mailbox, url: str) -> None:
    await channel(url).send(MESSAGE.model_copy(update={"subject": "\n"}), ADA)
    assert box.mails[0]["Subject"] == "task.assigned"


async def test_a_persons_own_address_is_preferred(box: Mailbox, url: str) -> None:
    for settings in (PersonalConfig(address="ada@work.example"), PersonalConfig(), None):
        await channel(url).send(MESSAGE, ADA.model_copy(update={"settings": settings}))
    assert box.recipients == ["ada@work.example", "ada@example.org", "ada@example.org"]


async def test_international_domains_are_written_in_ascii(box: Mailbox, url: str) -> None:
    mails = channel(url, from_address='"Aufgaben, Büro" <tasks@bücher.example>')
    await mails.send(MESSAGE, Recipient(username="ada", email="ada@müller.example"))
    assert (box.senders, box.recipients) == (["tasks@xn--bcher-kva.example"], ["ada@xn--mller-kva.example"])
    assert box.mails[0]["From"] == '"Aufgaben, Büro" <tasks@xn--bcher-kva.example>'


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "ada has no e-mail address"),
        ("ada", "no address such as"),
        ("ada@example.org\r\nRCPT TO:<eve@example.org>", "no address such as"),
        ("ada@example.org, eve@example.org", "no address such as"),
        ("<ada@example.org>", "no address such as"),
        ("ädä@example.org", "other signs than ASCII"),
        ("ada@example..org", "its domain is none"),
    ],
)
async def test_who_cannot_be_written_to_is_a_permanent_error(box: Mailbox, url: str, address: str, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        await channel(url).send(MESSAGE, Recipient(username="ada", email=address))
    assert box.mails == []


async def test_it_signs_in_where_the_url_says_so(box: Mailbox, url: str) -> None:
    await channel(signed_in(url, PASSWORD)).send(MESSAGE, ADA)
    assert box.logins == [PASSWORD.encode()]
    assert len(box.mails) == 1


async def test_a_wrong_password_is_an_auth_error_that_does_not_show_it(
    box: Mailbox, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mails = channel(signed_in(url, "planted-wrong"))
    with pytest.raises(AuthError, match=r"535 5\.7\.8 \[password\] is wrong") as caught:
        await mails.send(MESSAGE, ADA)
    health = await mails.check()
    assert (health.ok, health.next_step.startswith("Check user and password in url")) == (False, True)
    # The other log is that of the server in this process.
    logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    assert "planted-wrong" not in str(caught.value) + health.model_dump_json() + str(logged) + repr(mails)


@pytest.mark.parametrize(
    ("command", "reply", "expected"),
    [
        ("MAIL", "451 later", TransientError),
        ("MAIL", "530 5.7.0 Authentication required", AuthError),
        ("MAIL", "553 not this sender", PermanentError),
        ("RCPT", "450 greylisted", TransientError),
        ("RCPT", "550 no such user", PermanentError),
        ("DATA", "452 no space", TransientError),
        ("DATA", "554 looks like spam", PermanentError),
        ("DATA", "421 shutting down", TransientError),
    ],
)
async def test_each_refusal_has_its_error(
    box: Mailbox, url: str, command: str, reply: str, expected: type[PluginError]
) -> None:
    box.replies[command] = reply
    with pytest.raises(expected) as caught:
        await channel(url).send(MESSAGE, ADA)
    assert type(caught.value) is expected
    assert reply in str(caught.value)


def hang_up(connection: socket.socket) -> None:
    return


def hang(connection: socket.socket) -> None:
    connection.settimeout(3)
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"220-")
        time.sleep(0.05)


def babble(connection: socket.socket) -> None:
    connection.sendall(b"\x00\xffnonsense\r\n" * 100)


def flood(connection: socket.socket) -> None:
    for _ in range(10_000):
        connection.sendall(b"220-" + b"x" * 1_000 + b"\r\n")


def turn_away(connection: socket.socket) -> None:
    connection.sendall(b"554 not you\r\n")


@pytest.mark.parametrize("talk", [hang_up, hang, drip, babble, flood, turn_away])
async def test_a_server_that_misbehaves_is_a_transient_error_in_time(talk: Callable[[socket.socket], None]) -> None:
    server = Scripted(talk)
    started = asyncio.get_running_loop().time()
    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        await channel(f"smtp://127.0.0.1:{server.port}", timeout_s=0.5).send(MESSAGE, ADA)
    assert asyncio.get_running_loop().time() - started < 1.4
    await asyncio.to_thread(server.stop)


async def test_a_dead_host_is_transient() -> None:
    mails = channel(f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(TransientError, match="port"):
        await mails.send(MESSAGE, ADA)
    health = await mails.check()
    assert not health.ok
    assert "host, port and tls in url" in health.next_step


async def test_a_farewell_that_fails_takes_no_delivery_back() -> None:
    def talk(connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        connection.sendall(b"220 hello\r\n")
        for _ in range(3):
            lines.readline()
            connection.sendall(b"250 OK\r\n")
        lines.readline()
        connection.sendall(b"354 go on\r\n")
        while lines.readline() != b".\r\n":
            continue
        connection.sendall(b"250 taken\r\n")

    server = Scripted(talk)
    assert (await channel(f"smtp://127.0.0.1:{server.port}").send(MESSAGE, ADA)).detail == "taken"
    await asyncio.to_thread(server.stop)


async def test_a_cancelled_call_leaves_the_channel_usable(box: Mailbox, url: str) -> None:
    mails = channel(url)
    box.pause = 0.2
    call = asyncio.create_task(mails.send(MESSAGE, ADA))
    while "MAIL" not in box.commands:
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.gather(*(mails.send(MESSAGE, ADA) for _ in range(5)))
    assert len(box.mails) == 5


async def test_a_check_sends_nothing(box: Mailbox, url: str) -> None:
    health = await channel(signed_in(url, PASSWORD)).check()
    assert (health.ok, health.sample, health.checked_at) == (True, "250 still here", NOW)
    assert (box.mails, box.commands, len(box.logins)) == ([], ["NOOP", "QUIT"], 1)


@pytest.mark.parametrize(
    "value",
    [
        f"http://ada:{PASSWORD}@mail.example.org",
        f"smtp://ada:{PASSWORD}@",
        f"smtp://ada:{PASSWORD}@mail.example.org:99999",
        f"smtp://ada:{PASSWORD}@mail.example.org:0",
        f"smtp://ada:{PASSWORD}@mail..example.org",
        f"smtp://ada:{PASSWORD}@mail.example.org/inbox",
        f"smtp://ada:{PASSWORD}@mail.example.org?tls=maybe",
        f"smtp://ada:{PASSWORD}@mail.example.org?tls=off&x=1",
        f"smtp://ada:{PASSWORD}#@mail.example.org",
    ],
)
def test_a_wrong_url_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"url": value, "from_address": "tasks@example.org"})
    assert [error["loc"] for error in caught.value.errors()] == [("url",)]
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "host", "port", "tls"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, "starttls"),
        ("smtp://mail.example.org:465", "mail.example.org", 465, "implicit"),
        ("smtps://Mail.Example.org", "mail.example.org", 465, "implicit"),
        ("smtp://mail.example.org:2525?tls=off", "mail.example.org", 2525, "off"),
        ("smtp://localhost", "localhost", 25, "off"),
        ("smtp://[::1]:1025", "::1", 1025, "off"),
        ("smtp://127.0.0.1?tls=starttls", "127.0.0.1", 587, "starttls"),
    ],
)
def test_a_url_says_how_to_connect(value: str, host: str, port: int, tls: str) -> None:
    server = Config.model_validate({"url": value, "from_address": "tasks@example.org"}).server
    assert (server.host, server.port, server.tls) == (host, port, tls)


def test_signs_of_a_password_may_be_escaped() -> None:
    server = Config.model_validate({"url": "smtp://a%40b:p%2F%3A%23@h.example", "from_address": "t@example.org"}).server
    assert (server.username, server.password) == ("a@b", "p/:#")
    assert server.password not in repr(server)


@pytest.mark.parametrize("value", ["tasks", "a@b\nBcc: c@d", "A <a@b> <c@d>", "<a@b", "a@b, c@d", "ä@example.org", ""])
def test_a_wrong_sender_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"url": "smtp://localhost", "from_address": value})


@pytest.mark.parametrize("value", ["ada", "ada@", "a b@c", "a@b\nc", "A <a@b>", "a@b,c@d", ""])
def test_a_wrong_own_address_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        PersonalConfig.model_validate({"address": value})


def test_the_instances_own_settings_are_the_defaults() -> None:
    fields = Config.model_json_schema()["properties"]
    assert {name: field["default_from"] for name, field in fields.items() if "default_from" in field} == {
        "url": "EMAIL_URL",
        "from_address": "EMAIL_FROM",
    }
    assert all(field["title"] and field["description"] for field in fields.values())
    assert manifest.user_config is PersonalConfig


def test_the_readme_names_every_setting() -> None:
    page = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [name for name in [*Config.model_fields, *PersonalConfig.model_fields] if f"`{name}`" not in page] == []


def test_importing_it_loads_nothing_else_of_taskflow() -> None:
    code = (
        "import sys, taskflow_notify_email\n"
        "print(sorted({'.'.join(name.split('.')[:2]) for name in sys.modules if name.startswith('taskflow.')}))\n"
        "print('django' in sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert loaded.stdout.strip() == "['taskflow.plugin_api']\nFalse"
