"""Ending what people are signed in with: sessions and tokens."""

from dataclasses import dataclass
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from taskflow.store.models import ApiToken, SignInLink, User


@dataclass(frozen=True, slots=True)
class Kept:
    """The credential that a change was made with; it outlives the change."""

    token: UUID | None = None
    session_key: str | None = None


def end_all(user: User, kept: Kept | None = None) -> None:
    """Ends every session, token and unused sign-in link of `user`, but for what is `kept`; acts on the next request."""
    kept = kept or Kept()
    ApiToken.objects.filter(user=user).exclude(id=kept.token).delete()
    sessions = UserSession.objects.filter(user=user).exclude(session_key=kept.session_key)
    Session.objects.filter(session_key__in=list(sessions.values_list("session_key", flat=True))).delete()
    sessions.delete()
    SignInLink.objects.filter(user=user, used_at=None).delete()
