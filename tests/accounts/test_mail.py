"""Verification and new passwords by mail, over a real SMTP server."""

import re
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from pydantic import SecretStr

from taskflow.application import jobs, ledger, ports
from taskflow.application import mail as mail_use_cases
from taskflow.store.models import Job, User
from taskflow.store.models.jobs import JobState
from tests.accounts.conftest import PASSWORD, bearer, call, sign_in

Site = Callable[..., None]
BODY = {"username": "carol", "email": "carol@example.org", "password": PASSWORD}
FORM = {"username": "carol", "email": "carol@example.org", "password1": PASSWORD, "password2": PASSWORD}


class Mailbox:
    """What arrived; `reply` is what the server says to the next mails."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.reply = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.reply.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content))
        return self.reply

    def link(self) -> str:
        """The path of the first link in the last mail."""
        text = self.mails[-1].get_payload(decode=True)
        assert isinstance(text, bytes)
        found = re.search(r"http://localhost:8000(/\S+)", text.decode().replace("http://localhost:8000\n", ""))
        assert found is not None
        return found[1]


@pytest.fixture
def mailbox(settings: Any, site: Site) -> Iterator[Mailbox]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    site(email_verification="mandatory")
    yield box
    controller.stop()


def work() -> None:
    """Runs every due job."""
    for job in ledger.claim(50, "test", ports.now()):
        jobs.run(job)


def test_registering_answers_alike_for_a_known_address(client: Client, bob: User, mailbox: Mailbox) -> None:
    fresh = call(client, "POST", "auth/register", BODY)
    known = call(client, "POST", "auth/register", {**BODY, "username": "dave", "email": "BOB@example.org"})
    assert (
        (fresh.status_code, set(fresh.json()))
        == (known.status_code, set(known.json()))
        == (
            201,
            {"username", "email", "email_verification"},
        )
    )
    assert not User.objects.filter(username="dave").exists()
    work()
    assert [mail["To"] for mail in mailbox.mails] == ["carol@example.org", "bob@example.org"]
    assert "Already Exists" in str(mailbox.mails[1]["Subject"])


def test_the_page_answers_alike_for_a_known_address(bob: User, mailbox: Mailbox) -> None:
    fresh = Client().post("/accounts/signup/", FORM)
    known = Client().post("/accounts/signup/", {**FORM, "username": "dave", "email": "bob@example.org"})
    assert (fresh.status_code, fresh["Location"]) == (known.status_code, known["Location"])
    assert not User.objects.filter(username="dave").exists()


def test_a_name_that_was_asked_for_tells_nothing_about_the_address(bob: User, mailbox: Mailbox) -> None:
    for name, address in (("dave", "fresh@example.org"), ("dora", "bob@example.org")):
        call(Client(), "POST", "auth/register", {**BODY, "username": name, "email": address})
        again = call(Client(), "POST", "auth/register", {**BODY, "username": name.upper(), "email": "new@example.org"})
        assert [error["code"] for error in again.json()["errors"]] == ["username_taken"]
    Client().post("/accounts/signup/", {**FORM, "username": "dirk", "email": "bob@example.org"})
    again = call(Client(), "POST", "auth/register", {**BODY, "username": "dirk"})
    assert [error["code"] for error in again.json()["errors"]] == ["username_taken"]


def test_nobody_signs_in_before_the_link_was_opened(client: Client, mailbox: Mailbox, db: None) -> None:
    call(client, "POST", "auth/register", BODY)
    work()
    body = {"username": "carol", "password": PASSWORD, "name": "t"}
    answer = call(client, "POST", "auth/tokens", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "email_unverified")
    assert sign_in(client, "carol")["Location"] == "/accounts/confirm-email/"
    link = mailbox.link()
    assert client.get(link).status_code == 200
    assert not EmailAddress.objects.get().verified
    client.post(link)
    assert EmailAddress.objects.get().verified
    assert bearer(client, "carol")
    assert sign_in(Client(), "carol")["Location"] == "/accounts/"


def test_accounts_without_an_address_have_nothing_to_verify(mailbox: Mailbox, db: None) -> None:
    from taskflow.application import accounts
    from taskflow.domain.permissions import SYSTEM

    accounts.create_user(SYSTEM, "new", password=PASSWORD)
    assert sign_in(Client(), "new")["Location"] == "/accounts/"
    assert bearer(Client(), "new")


def test_a_new_address_waits_for_its_link(client: Client, bob: User, ada: User, mailbox: Mailbox) -> None:
    header = bearer(client, "bob")
    answer = call(client, "PATCH", "me", {"email": "robert@example.org"}, **header)
    assert (answer.json()["email"], answer.json()["pending_email"]) == ("bob@example.org", "robert@example.org")
    work()
    assert mailbox.mails[-1]["To"] == "robert@example.org"
    client.post(mailbox.link())
    assert call(client, "GET", "me", **header).json()["email"] == "robert@example.org"
    assert call(client, "GET", "me", **header).json()["pending_email"] is None


def test_an_address_that_somebody_has_looks_no_different_and_is_never_taken(
    client: Client, bob: User, ada: User, mailbox: Mailbox
) -> None:
    header = bearer(client, "bob")
    answer = call(client, "PATCH", "me", {"email": "ada@example.org"}, **header)
    assert (answer.status_code, answer.json()["pending_email"]) == (200, "ada@example.org")
    work()
    client.post(mailbox.link())
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_works_once(
    client: Client, bob: User, mailbox: Mailbox
) -> None:
    before = bearer(Client(), "bob")
    client.post("/accounts/password/reset/", {"email": "bob@example.org"})
    work()
    link = mailbox.link()
    form = client.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    new = "another horse battery"
    assert client.post(path, {"password1": new, "password2": new}).status_code == 302
    assert sign_in(Client(), "bob", new).status_code == 302
    assert call(Client(), "GET", "me", **before).status_code == 401
    again = Client()
    assert "password1" not in again.get(link, follow=True).content.decode()


def test_a_forgotten_password_says_nothing_about_who_is_here(bob: User, mailbox: Mailbox) -> None:
    known = Client().post("/accounts/password/reset/", {"email": "bob@example.org"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    # As much work: one job each. Only one of them sends something.
    assert Job.objects.filter(kind=mail_use_cases.SEND).count() == 2
    work()
    assert [mail["To"] for mail in mailbox.mails] == ["bob@example.org"]
    assert not Job.objects.exclude(state=JobState.DONE).exists()


def test_links_lead_to_the_instance_whatever_host_the_request_named(
    client: Client, bob: User, mailbox: Mailbox
) -> None:
    client.post("/accounts/password/reset/", {"email": "bob@example.org"}, headers={"host": "127.0.0.1"})
    work()
    assert b"http://127.0.0.1" not in mailbox.mails[0].as_bytes()
    assert mailbox.link().startswith("/accounts/password/reset/key/")


def test_a_sent_mail_leaves_no_secret_in_the_ledger(client: Client, bob: User, mailbox: Mailbox) -> None:
    client.post("/accounts/password/reset/", {"email": "bob@example.org"})
    assert "/key/" in Job.objects.get().payload["body"]
    work()
    assert Job.objects.get().payload == {}


def test_a_mail_server_that_is_down_delays_the_mail_and_no_request(client: Client, bob: User, mailbox: Mailbox) -> None:
    mailbox.reply = "451 Try again later"
    assert client.post("/accounts/password/reset/", {"email": "bob@example.org"}).status_code == 302
    work()
    job = Job.objects.get()
    assert (job.state, job.attempts) == (JobState.QUEUED, 1)
    mailbox.reply = "250 OK"
    Job.objects.update(next_attempt_at=ports.now())
    work()
    assert len(mailbox.mails) == 1


def test_a_mail_that_is_refused_for_good_is_dead(client: Client, bob: User, mailbox: Mailbox) -> None:
    mailbox.reply = "550 No such user"
    client.post("/accounts/password/reset/", {"email": "bob@example.org"})
    work()
    assert Job.objects.get().state == JobState.DEAD


def test_a_changed_password_is_told_by_mail(client: Client, bob: User, mailbox: Mailbox) -> None:
    sign_in(client, "bob")
    cache.clear()
    new = "another horse battery"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    work()
    assert "Password Changed" in str(mailbox.mails[-1]["Subject"])


def test_a_new_address_that_takes_effect_at_once_is_still_asked_to_confirm_itself(
    client: Client, bob: User, mailbox: Mailbox, site: Site
) -> None:
    site(email_verification="optional")
    header = bearer(Client(), "bob")
    answer = call(client, "PATCH", "me", {"email": "robert@example.org"}, **header)
    assert (answer.status_code, answer.json()["email"]) == (200, "robert@example.org")
    work()
    assert [mail["To"] for mail in mailbox.mails] == ["robert@example.org"]
    assert call(client, "PATCH", "me", {"timezone": "Europe/Berlin"}, **header).status_code == 200
    work()
    assert len(mailbox.mails) == 1
    client.post(mailbox.link())
    assert EmailAddress.objects.get(user=bob).verified


def test_an_invitation_goes_to_its_address_alone_and_proves_it(
    bob: User, mailbox: Mailbox, site: Site, settings: Any
) -> None:
    site(email_url=SecretStr("smtp://127.0.0.1:25"))
    # Worked out before, and copied along.
    settings.TASKFLOW.__dict__.pop("smtp", None)
    client = Client()
    client.force_login(bob)
    call(client, "POST", "projects", {"name": "Garden\nBcc: x@y.org", "key": "GRN"})
    made = call(client, "POST", "projects/GRN/invitations", {"email": "carol@example.org", "role": "member"})
    assert (made.json()["mailed"], made.json()["link"]) == (True, None)
    work()
    [mail] = mailbox.mails
    assert (mail["To"], mail["Subject"]) == ("carol@example.org", "bob invites you to Garden Bcc: x@y.org")
    assert mail["Bcc"] is None
    newcomer = Client()
    form = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}
    assert newcomer.post(mailbox.link(), form).status_code == 302
    assert EmailAddress.objects.get(email="carol@example.org").verified
    assert sign_in(Client(), "carol").status_code == 302
    assert "invitations" not in str(list(Job.objects.values_list("payload", flat=True)))
