"""Authenticator apps, recovery codes, and who must have one."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client

from taskflow.store.models import User
from tests.accounts.conftest import PASSWORD, bearer, call, code_of, sign_in

Site = Callable[..., None]


def set_up(client: Client) -> str:
    """Sets an authenticator app up on the page; its secret."""
    asked = client.get("/accounts/2fa/totp/activate/")["Location"]
    assert asked.startswith("/accounts/reauthenticate/")
    page = client.post(asked, {"password": PASSWORD}, follow=True)
    secret: str = page.context["form"].secret
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    cache.clear()
    return secret


@pytest.fixture
def secret(bob: User) -> str:
    client = Client()
    sign_in(client, "bob")
    return set_up(client)


def test_the_secret_is_encrypted_at_rest(secret: str) -> None:
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert stored.startswith("gAAAA")


def test_a_password_alone_no_longer_signs_in(client: Client, bob: User, secret: str) -> None:
    assert sign_in(client, "bob")["Location"].startswith("/accounts/2fa/authenticate/")
    assert call(client, "GET", "me").status_code == 401
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    assert call(client, "GET", "me").status_code == 200


def test_a_sign_in_link_stands_for_the_password_alone(client: Client, bob: User, secret: str) -> None:
    from taskflow.application import accounts

    token = accounts.create_sign_in_link(bob)
    assert client.post(f"/sign-in/{token}/")["Location"].startswith("/accounts/2fa/authenticate/")
    assert call(client, "GET", "me").status_code == 401


def test_tokens_ask_for_a_code(client: Client, bob: User, secret: str) -> None:
    body = {"username": "bob", "password": PASSWORD, "name": "t"}
    answer = call(client, "POST", "auth/tokens", body)
    assert (answer.status_code, answer.json()["code"]) == (401, "mfa_required")
    wrong = call(client, "POST", "auth/tokens", {**body, "otp": code_of(secret, steps=5)})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_otp")
    code = code_of(secret)
    assert call(client, "POST", "auth/tokens", {**body, "otp": code}).status_code == 201
    assert call(client, "POST", "auth/tokens", {**body, "otp": code}).json()["code"] == "invalid_otp"
    unknown = call(client, "POST", "auth/tokens", {**body, "password": "wrong wrong", "otp": code})
    assert unknown.json()["code"] == "invalid_credentials"


def test_a_recovery_code_works_once(client: Client, bob: User, secret: str) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    body = {"username": "bob", "password": PASSWORD, "name": "t", "otp": codes[0]}
    assert call(client, "POST", "auth/tokens", body).status_code == 201
    assert call(client, "POST", "auth/tokens", body).status_code == 401


def test_wrong_codes_count_as_failures(client: Client, bob: User, secret: str) -> None:
    body = {"username": "bob", "password": PASSWORD, "name": "t", "otp": "000000"}
    statuses = [call(client, "POST", "auth/tokens", body).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


@pytest.mark.parametrize(("required", "concerned"), [("off", set()), ("admin", {"ada"}), ("all", {"ada", "bob"})])
def test_who_must_have_a_second_factor_sets_it_up_first(
    ada: User, bob: User, site: Site, required: str, concerned: set[str]
) -> None:
    site(require_mfa=required)
    for name in ("ada", "bob"):
        client = Client()
        sign_in(client, name)
        page, rest = client.get("/accounts/"), call(client, "GET", "me")
        if name in concerned:
            assert page["Location"] == "/accounts/2fa/totp/activate/"
            assert client.get("/admin/")["Location"] == "/accounts/2fa/totp/activate/"
            assert (rest.status_code, rest.json()["code"]) == (403, "mfa_required")
            body = {"username": name, "password": PASSWORD, "name": "t"}
            answer = call(Client(), "POST", "auth/tokens", body)
            assert (answer.status_code, answer.json()["code"]) == (403, "mfa_required")
            set_up(client)
            assert call(client, "GET", "me").json()["second_factor"] is True
        assert client.get("/accounts/").status_code == 200


def test_a_manager_takes_a_lost_second_factor_away(
    client: Client, bob: User, mia: User, ada: User, secret: str
) -> None:
    header = bearer(client, "mia")
    assert call(client, "GET", "users/bob", **header).json()["second_factor"] is True
    assert call(client, "DELETE", "users/ada/second-factor", **header).status_code == 403
    assert call(client, "DELETE", "users/bob/second-factor", **header).status_code == 204
    assert call(client, "DELETE", "users/bob/second-factor", **header).status_code == 204
    assert not Authenticator.objects.exists()
    assert bearer(Client(), "bob")


def test_a_token_made_before_a_second_factor_was_required_does_not_replace_it(
    client: Client, ada: User, bob: User, site: Site
) -> None:
    headers = {name: bearer(Client(), name) for name in ("ada", "bob")}
    site(require_mfa="admin")
    refused = call(client, "GET", "me", **headers["ada"])
    assert (refused.status_code, refused.json()["code"]) == (403, "mfa_required")
    assert call(client, "POST", "auth/tokens", {"name": "another"}, **headers["ada"]).status_code == 403
    assert call(client, "GET", "me", **headers["bob"]).status_code == 200
    sign_in(client, "ada")
    set_up(client)
    assert call(Client(), "GET", "me", **headers["ada"]).status_code == 200


def test_wrong_codes_on_the_page_close_it_to_the_right_one(client: Client, bob: User, secret: str) -> None:
    sign_in(client, "bob")
    for _ in range(11):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert call(client, "GET", "me").status_code == 401
