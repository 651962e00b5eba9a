"""Django's authentication backend: passwords through the one check that counts failures."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from taskflow.application.sign_in import check_sign_in
from taskflow.store.models import User


class PasswordBackend(BaseBackend):
    """User name or e-mail address with a password; a deactivated person is nobody."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        email: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """The person, or None. `TooMany` after too many failures."""
        login = email or username
        if not login or password is None:
            return None
        return check_sign_in(login, password)

    def get_user(self, user_id: UUID | str) -> User | None:
        """The session's person, unless deactivated since."""
        return User.objects.filter(pk=user_id, is_active=True).first()
