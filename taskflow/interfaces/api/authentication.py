"""Who a request comes from: a bearer token, else the session cookie.

A revoked token, a changed password or a deactivated person ends with the request after it; what another machine
changed, within a second.
"""

from copy import copy
from typing import Any

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from taskflow.application import tokens
from taskflow.application.sign_in import lacks_second_factor
from taskflow.domain.permissions import Actor
from taskflow.store.models import ApiToken, User

SCHEME = "Bearer"


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer tfp_…`. First in the list: its challenge is what makes a refusal a 401."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's person and the token; None without a bearer token in the request."""
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        token = tokens.find_token(secret.strip())
        if token is None:
            raise exceptions.AuthenticationFailed(
                "This token is wrong, revoked or expired. Make a new one.", code="invalid_token"
            )
        _require_second_factor(token.user)
        tokens.note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return f'{SCHEME} realm="taskflow"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The session cookie, with CSRF. Who must have a second factor and has none is sent to set it up first."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The session's person; None without one."""
        found = super().authenticate(request)
        if found is not None:
            _require_second_factor(found[0])
        return found

    def enforce_csrf(self, request: Request) -> None:
        """Refuses a request that a foreign page could have made."""
        try:
            super().enforce_csrf(request)
        except exceptions.PermissionDenied as error:
            raise exceptions.PermissionDenied(
                f"{error.detail} Send the csrftoken cookie's value as X-CSRFToken.", code="csrf_failed"
            ) from None


def _require_second_factor(user: User) -> None:
    """Refuses who must have a second factor and has none, whatever they signed in with and whenever that was."""
    if lacks_second_factor(user):
        raise exceptions.PermissionDenied(
            "A second factor is required here. Set it up at /accounts/2fa/totp/activate/.", code="mfa_required"
        )


def actor_of(request: Request) -> Actor | None:
    """Who asks, and with how much of their rights; None for nobody."""
    if isinstance(request.auth, ApiToken):
        return tokens.actor_with(request.auth)
    return request.user.as_actor() if isinstance(request.user, User) else None


def person_of(request: Request) -> User:
    """The person behind a request that was let in, for a use case that may change it."""
    if not isinstance(request.user, User):
        raise TypeError("nobody is signed in")
    # A token's is shared with other requests.
    return copy(request.user)
