"""API tokens: making, finding and ending them. Only a token's digest is kept; the token itself is shown once.

A token is made by a session, by a password, or by a token that is not narrowed to scopes; never wider or longer-lived
than what it was made with.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from knox.crypto import hash_token
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from taskflow.application import ports
from taskflow.application.access import find_project, require_scope
from taskflow.domain.errors import FieldError, Invalid, NotFound
from taskflow.domain.permissions import Action, Actor, Scope
from taskflow.store.models import ApiToken
from taskflow.store.tokens import find_remembered

#: knox's form: the prefix and 64 hexadecimal digits.
_FORM = re.compile(r"tfp_[0-9a-f]{64}")
#: How precisely a token's last use is known: a write a request would cost more than the request.
USE_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a token is asked to be. No scopes: all that the person may do; no projects: all of theirs."""

    name: str
    scopes: Sequence[str] = ()
    projects: Sequence[str] = ()
    expires_at: datetime | None = None


def create_token(actor: Actor, wish: Wish, *, made_with: ApiToken | None = None) -> tuple[ApiToken, str]:
    """A new token of the actor's, and its secret. `Invalid` names an unknown scope, an unknown project, a past expiry.

    `made_with` is the token that asks, if one does: the new one reaches no project and no day beyond it.
    """
    require_scope(actor, Action.TOKEN_MANAGE)
    if actor.user_id is None:
        raise ValueError("a token needs an owner")
    errors = [*_check_scopes(wish.scopes)]
    projects, unknown = _resolve_projects(actor, wish.projects)
    errors += unknown
    if wish.expires_at is not None and wish.expires_at <= ports.now():
        errors.append(FieldError("expires_at", "past", "Give a time in the future, or leave it out."))
    expires_at = wish.expires_at
    if made_with is not None and made_with.expiry is not None:
        if expires_at is not None and expires_at > made_with.expiry:
            detail = "The token you use ends before that. Give an earlier time, or sign in with your password."
            errors.append(FieldError("expires_at", "beyond_own", detail))
        expires_at = expires_at or made_with.expiry
    if errors:
        raise Invalid(errors)
    if not projects and actor.projects is not None:
        projects = sorted(actor.projects)
    # knox's manager takes a duration for the expiry; the contract, an instant.
    digest, secret = get_digest_token()
    token = ApiToken(
        digest=digest,
        token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH],
        user_id=actor.user_id,
        expiry=expires_at,
        name=wish.name,
        scopes=sorted(set(wish.scopes)),
        project_ids=[str(project) for project in projects],
    )
    with transaction.atomic():
        token.save(force_insert=True)
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """The live token of an active person, with its user; None for anything else. Both are only to be read.

    A query, or what one found a second ago: changes on this machine count at once.
    """
    if _FORM.fullmatch(secret) is None:
        return None
    token = find_remembered(hash_token(secret))
    if token is None or not token.user.is_active:
        return None
    if token.expiry is not None and token.expiry <= ports.now():
        return None
    return token


def note_use(token: ApiToken) -> None:
    """Notes that the token was used just now, at most once an hour."""
    now = ports.now()
    if token.last_used_at is None or token.last_used_at <= now - USE_NOTED_EVERY:
        with transaction.atomic():
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now


def own_tokens(actor: Actor) -> QuerySet[ApiToken]:
    """The actor's own tokens; for one who is limited to projects, those that reach no further."""
    tokens: QuerySet[ApiToken] = ApiToken.objects.filter(user_id=actor.user_id)
    if actor.projects is None:
        return tokens
    reach = {str(project) for project in actor.projects}
    rows = tokens.values_list("pk", "project_ids")
    within: QuerySet[ApiToken] = tokens.filter(
        pk__in=[pk for pk, projects in rows if projects and reach.issuperset(projects)]
    )
    return within


def delete_token(actor: Actor, token_id: UUID) -> None:
    """Ends one of the actor's own tokens; acts on the next request."""
    require_scope(actor, Action.TOKEN_MANAGE)
    deleted, _ = own_tokens(actor).filter(id=token_id).delete()
    if not deleted:
        raise NotFound


def end_token(token: ApiToken) -> None:
    """Ends the token that asks for it; acts on the next request."""
    with transaction.atomic():
        ApiToken.objects.filter(pk=token.pk).delete()


def actor_with(token: ApiToken) -> Actor:
    """The token's person, narrowed to what the token may do."""
    whole = token.user.as_actor()
    known = frozenset(scope for scope in Scope if scope.value in token.scopes)
    return Actor(
        user_id=whole.user_id,
        username=whole.username,
        site_role=whole.site_role,
        timezone=whole.timezone,
        scopes=known if token.scopes else None,
        projects=token.limited_projects,
    )


def _check_scopes(scopes: Sequence[str]) -> list[FieldError]:
    known = ", ".join(scope.value for scope in Scope)
    return [
        FieldError("scopes", "unknown_scope", f"There is no scope {scope[:50]!r}. Known: {known}.", index=index)
        for index, scope in enumerate(scopes)
        if scope not in {known_scope.value for known_scope in Scope}
    ]


def _resolve_projects(actor: Actor, references: Sequence[str]) -> tuple[list[UUID], list[FieldError]]:
    found: list[UUID] = []
    errors: list[FieldError] = []
    for index, reference in enumerate(references):
        try:
            found.append(find_project(actor, reference, Action.PROJECT_READ).pk)
        except NotFound:
            detail = f"There is no project {reference[:50]!r}, or you may not see it."
            errors.append(FieldError("projects", "not_found", detail, index=index))
    return list(dict.fromkeys(found)), errors
