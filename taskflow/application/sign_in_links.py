"""Single-use links that let a person in: the first administrator's, and those an operator hands out.

A link's token is a secret of 256 random bits that is shown once; only its SHA-256 is kept. Looking at a link spends
nothing, so that mail scanners and link previews cannot use it up.
"""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction

from taskflow.application import ports
from taskflow.application.changes import Change
from taskflow.domain.errors import NotFound
from taskflow.store.models import SignInLink, User

FIRST_LIFETIME = timedelta(hours=24)
LIFETIME = timedelta(minutes=30)


def create_sign_in_link(user: User | None) -> str:
    """A fresh token for `user`, good for 30 minutes; for None, the first administrator's, good for 24 hours.

    It replaces the link that the same person was given before.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        SignInLink.objects.filter(user=user, used_at=None).delete()
        lifetime = FIRST_LIFETIME if user is None else LIFETIME
        SignInLink.objects.create(digest=_digest(token), user=user, expires_at=ports.now() + lifetime)
    return token


def find_sign_in_link(token: str) -> SignInLink:
    """The link of a token, not spent by looking. `NotFound` when it was used, has expired or never was.

    The first administrator's link ends as soon as there is an administrator.
    """
    live = SignInLink.objects.select_related("user").filter(used_at=None, expires_at__gt=ports.now())
    link = live.filter(digest=_digest(token)).first()
    if link is None or not (link.user.is_active if link.user else not User.objects.administrators().exists()):
        raise NotFound("This link was used already or has expired. Ask for a new one.")
    return link


def spend_sign_in_link(opened: Change, token: str) -> SignInLink:
    """`find_sign_in_link`, and the link is used from the moment the change commits; of two at once, one gets it."""
    link = find_sign_in_link(token)
    if not SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=opened.now):
        raise NotFound("This link was used already. Ask for a new one.")
    return link


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
