"""People, a site with settings of its own, and codes of an authenticator app."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from taskflow.application import accounts
from taskflow.domain.permissions import SYSTEM, SiteRole
from taskflow.store.models import User

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _forget_limits() -> Iterator[None]:
    """allauth's limits and used codes live in the process."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Any) -> None:
    """A data folder with a key ring, for secrets at rest."""
    from taskflow.config import current_settings
    from taskflow.config.keys import create_keys

    create_keys(current_settings())


@pytest.fixture
def site(settings: Any) -> Callable[..., None]:
    """Changes settings of the instance for one test."""

    def change(**values: Any) -> None:
        settings.TASKFLOW = settings.TASKFLOW.model_copy(update=values)
        settings.ACCOUNT_EMAIL_VERIFICATION = settings.TASKFLOW.effective_email_verification
        if settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory":
            settings.ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]

    return change


@pytest.fixture
def ada(db: None) -> User:
    """An administrator."""
    return accounts.create_user(SYSTEM, "ada", "ada@example.org", PASSWORD, SiteRole.ADMIN)


@pytest.fixture
def bob(db: None) -> User:
    """A member."""
    return accounts.create_user(SYSTEM, "bob", "bob@example.org", PASSWORD)


@pytest.fixture
def mia(db: None) -> User:
    """A manager."""
    return accounts.create_user(SYSTEM, "mia", "mia@example.org", PASSWORD, SiteRole.MANAGER)


def code_of(secret: str, *, steps: int = 0) -> str:
    """What an authenticator app shows for a base32 secret, `steps` of 30 s from now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def call(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """One REST request with a JSON body."""
    extra = {} if body is None else {"data": body, "content_type": "application/json"}
    return (
        client.generic(method, f"/api/v1/{path}", headers=headers)
        if body is None
        else getattr(client, method.lower())(f"/api/v1/{path}", headers=headers, **extra)
    )


def sign_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    """Sends the sign-in page's form."""
    return client.post("/accounts/login/", {"login": login, "password": password})


def bearer(client: Client, username: str, **fields: Any) -> dict[str, str]:
    """The header of a fresh token."""
    answer = call(client, "POST", "auth/tokens", {"username": username, "password": PASSWORD, "name": "t", **fields})
    assert answer.status_code == 201, answer.content
    return {"Authorization": f"Bearer {answer.json()['token']}"}
