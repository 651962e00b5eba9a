"""Single-use sign-in links."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from taskflow.application import accounts
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import SignInLink, User
from tests.accounts.conftest import PASSWORD, bearer, call

FIRST = {"username": "root", "email": "", "password1": PASSWORD, "password2": PASSWORD}


def test_looking_at_the_first_link_spends_nothing_and_its_form_makes_the_administrator(
    client: Client, db: None
) -> None:
    token = accounts.create_sign_in_link(None)
    for _ in range(3):
        assert client.get(f"/sign-in/{token}/").status_code == 200
    answer = client.post(f"/sign-in/{token}/", FIRST)
    assert answer.status_code == 302
    user = User.objects.get()
    assert (user.username, user.role, user.inbox.key) == ("root", "admin", "IN1")
    assert call(client, "GET", "me").json()["username"] == "root"
    assert Client().get(f"/sign-in/{token}/").status_code == 404
    assert Client().post(f"/sign-in/{token}/", {**FIRST, "username": "second"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"password2": "something else"}, {"password1": "123", "password2": "123"}, {"username": "a b"}, {"email": "x"}],
)
def test_a_wrong_form_leaves_the_link_good(client: Client, db: None, wrong: dict[str, str]) -> None:
    token = accounts.create_sign_in_link(None)
    answer = client.post(f"/sign-in/{token}/", {**FIRST, **wrong})
    assert answer.status_code == 200
    assert 'class="errors"' in answer.content.decode()
    assert not User.objects.exists()
    assert client.post(f"/sign-in/{token}/", FIRST).status_code == 302


def test_the_first_link_ends_with_the_first_administrator(client: Client, ada: User) -> None:
    token = accounts.create_sign_in_link(None)
    assert client.get(f"/sign-in/{token}/").status_code == 404
    assert client.post(f"/sign-in/{token}/", FIRST).status_code == 404


def test_only_the_digest_is_kept_and_a_new_link_replaces_the_old(bob: User) -> None:
    first = accounts.create_sign_in_link(bob)
    second = accounts.create_sign_in_link(bob)
    row = SignInLink.objects.get()
    assert second not in row.digest
    assert Client().get(f"/sign-in/{first}/").status_code == 404
    assert Client().get(f"/sign-in/{second}/").status_code == 200


@pytest.mark.parametrize(("whose", "minutes"), [("bob", 30), (None, 24 * 60)])
def test_links_expire(db: None, whose: str | None, minutes: int) -> None:
    user = accounts.create_user(SYSTEM, whose, password=PASSWORD) if whose else None
    token = accounts.create_sign_in_link(user)
    expires = SignInLink.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=minutes - 1) < expires <= timedelta(minutes=minutes)
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(f"/sign-in/{token}/").status_code == 404


def test_a_link_signs_in_without_a_new_password(client: Client, bob: User) -> None:
    token = accounts.create_sign_in_link(bob)
    assert client.post(f"/sign-in/{token}/").status_code == 302
    assert call(client, "GET", "me").json()["username"] == "bob"
    assert bearer(Client(), "bob")


def test_a_link_with_a_new_password_ends_what_was_signed_in_before(client: Client, bob: User) -> None:
    before = bearer(Client(), "bob")
    token = accounts.create_sign_in_link(bob)
    new = "another horse battery"
    assert client.post(f"/sign-in/{token}/", {"password1": new, "password2": new}).status_code == 302
    assert call(client, "GET", "me").status_code == 200
    assert call(Client(), "GET", "me", **before).status_code == 401


def test_who_has_no_password_must_choose_one(client: Client, db: None) -> None:
    user = accounts.create_user(SYSTEM, "new")
    token = accounts.create_sign_in_link(user)
    assert client.post(f"/sign-in/{token}/").status_code == 200
    assert client.post(f"/sign-in/{token}/", {"password1": PASSWORD, "password2": PASSWORD}).status_code == 302
    assert bearer(Client(), "new")


def test_a_link_is_no_way_in_for_a_deactivated_person(client: Client, bob: User) -> None:
    token = accounts.create_sign_in_link(bob)
    User.objects.update(is_active=False)
    assert client.post(f"/sign-in/{token}/").status_code == 404
