"""Accounts: making and changing them. Every door that makes a person goes through here.

A person comes with an inbox; both are made in one transaction. Passwords are checked and hashed before it begins, since
a hash takes a third of a second and SQLite has one writer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from taskflow.application import credentials, ports, reminders
from taskflow.application.access import require_scope, require_site
from taskflow.application.account_fields import (
    Identity,
    check_identity,
    check_password,
    email_taken,
    is_email_taken,
    username_taken,
)
from taskflow.application.changes import Change, change
from taskflow.application.projects import add_project
from taskflow.application.sign_in_links import create_sign_in_link, spend_sign_in_link
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, Forbidden, Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM, Action, Actor, SiteRole
from taskflow.store.identifiers import new_id
from taskflow.store.models import User
from taskflow.store.models.users import HeldName, fold_name

NAME_HELD = timedelta(days=7)

__all__ = [
    "Draft",
    "add_account",
    "add_address",
    "confirm_address",
    "create_sign_in_link",
    "create_user",
    "draft_account",
    "find_user",
    "hold_name",
    "open_first_account",
    "redeem_link",
    "register",
    "set_password",
    "sign_up",
    "update_user",
]


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked account that is not stored yet; its password is hashed, which takes long."""

    identity: Identity
    password_hash: str
    role: SiteRole


def create_user(
    actor: Actor,
    username: str,
    email: str = "",
    password: str | None = None,
    role: SiteRole = SiteRole.MEMBER,
    timezone: str = "UTC",
) -> User:
    """An account made by a manager or the operator, whose word stands for the e-mail address.

    Without a password nobody can sign in with one until a sign-in link was used. `Forbidden` for a role above the
    actor's own, `Invalid` for wrong or taken fields.
    """
    require_site(actor, Action.USER_ADMIN)
    _refuse_higher(actor, role)
    draft = draft_account(username, email, password, role, timezone)
    with change(actor) as opened:
        user = add_account(opened, draft)
        add_address(user, verified=True)
        return user


def register(username: str, email: str, password: str, timezone: str = "UTC") -> User | None:
    """An account that a person makes for themselves; its address still has to be verified where that is asked for.

    None when addresses must be verified and this one has an account: the caller answers as for a new one. Where
    nothing is verified the address is refused openly (`email_taken`). `Forbidden` when registration is closed.
    """
    refuse_closed_registration()
    verified_by_mail = settings.TASKFLOW.effective_email_verification == "mandatory"
    if verified_by_mail and not email:
        raise Invalid.field("email", "required", "Give an e-mail address: it has to be verified.")
    if verified_by_mail and is_email_taken(email):
        # The same checks and the same work as for a new account.
        draft = draft_account(username, "", password, SiteRole.MEMBER, timezone)
        hold_name(draft.identity.username)
        return None
    user = sign_up(username, email, password, timezone)
    add_address(user, verified=False)
    return user


def hold_name(username: str) -> None:
    """Keeps a name from others for a week, as an account that waits for its verification would."""
    with transaction.atomic():
        HeldName.objects.filter(expires_at__lte=ports.now()).delete()
        HeldName.objects.update_or_create(
            username_key=fold_name(username), defaults={"expires_at": ports.now() + NAME_HELD}
        )


def sign_up(username: str, email: str, password: str | None, timezone: str = "UTC") -> User:
    """`register` for the registration page, which keeps the e-mail address in a table of its own afterwards."""
    refuse_closed_registration()
    draft = draft_account(username, email, password, SiteRole.MEMBER, timezone)
    newcomer = Actor(user_id=new_id(), username=draft.identity.username, timezone=timezone)
    with change(newcomer) as opened:
        return add_account(opened, draft)


def refuse_closed_registration() -> None:
    """`Forbidden` unless people may create accounts for themselves here."""
    refuse_without_passwords()
    if not settings.TASKFLOW.registration_is_open:
        raise Forbidden("Registration is closed here. Ask an administrator for an account.", code="registration_closed")


def refuse_without_passwords() -> None:
    """`Forbidden` where `TASKFLOW_LOCAL_ACCOUNTS` is off."""
    if not settings.TASKFLOW.local_accounts:
        raise Forbidden(
            "This instance keeps no passwords. Sign in with your organisation's account.", code="no_local_accounts"
        )


def open_first_account(token: str, username: str, email: str, password: str, timezone: str = "UTC") -> User:
    """Spends the first administrator's link. `NotFound` when it is spent, expired or somebody administers already."""
    draft = draft_account(username, email, password, SiteRole.ADMIN, timezone)
    with change(SYSTEM) as opened:
        spend_sign_in_link(opened, token)
        user = add_account(opened, draft)
        add_address(user, verified=True)
        return user


def redeem_link(token: str, user: User, password: str | None) -> User:
    """Spends `user`'s link; with a password, that becomes theirs and everything signed in before ends.

    `Invalid` for a weak password, and without one for a person who has none; `NotFound` for a link that is spent.
    """
    if password is None and not user.has_usable_password():
        raise Invalid.field("password", "required", "Choose a password.")
    hashed = None if password is None else _hash(password, user)
    with change(user.as_actor()) as opened:
        spend_sign_in_link(opened, token)
        if hashed is not None:
            _store_password(opened, user, hashed)
        return user


def set_password(
    actor: Actor, user: User, password: str, *, kept: credentials.Kept | None = None, field: str = "password"
) -> None:
    """Gives a person a new password. Every other session and every other token of theirs ends.

    `kept` names what the change was made with and stays. People change their own; managers those of people who
    are not above them.
    """
    if actor.user_id == user.pk:
        require_scope(actor, Action.TOKEN_MANAGE)
    else:
        require_site(actor, Action.USER_ADMIN)
        _refuse_higher(actor, user.site_role)
    hashed = _hash(password, user, field)
    with change(actor) as opened:
        _store_password(opened, user, hashed, kept)


def find_user(username: str) -> User | None:
    """The person of that name, without regard to case."""
    return User.objects.named(username).first()


def update_user(actor: Actor, user: User, fields: Mapping[str, Any], *, version: int | None = None) -> User:
    """Changes `username`, `email`, `timezone`; for managers also `role` and `is_active` of people not above them.

    `Forbidden` for a role above the actor's own, `Conflict` (`last_admin`) when no administrator would be left,
    `Invalid` for wrong or taken fields. A deactivated person's sessions and tokens end.
    """
    own = actor.user_id == user.pk
    if not own or "role" in fields or "is_active" in fields:
        require_site(actor, Action.USER_ADMIN)
        _refuse_higher(actor, user.site_role)
        _refuse_higher(actor, SiteRole(fields.get("role", user.role)))
    else:
        require_scope(actor, Action.ME_WRITE)
    with change(actor) as opened:
        user = User.objects.select_for_update().get(pk=user.pk)
        check_version(user.version, version)
        changed = _apply(user, fields)
        if not changed:
            return user
        if user.site_role is not SiteRole.ADMIN or not user.is_active:
            refuse_losing_administrators(user)
        user.version += 1
        try:
            with transaction.atomic():
                user.save(update_fields=[*changed, "version"])
        except IntegrityError as error:
            raise _explain_clash(user.username, user.email) from error
        if "email" in changed:
            _replace_address(user, verified=not own)
        if "timezone" in changed:
            reminders.follow_zone(user.pk)
        if not user.is_active:
            credentials.end_all(user)
        opened.event(EventType.USER_UPDATED, data={"username": user.username, "changed": sorted(changed)})
        return user


def confirm_address(address: EmailAddress) -> bool:
    """An address whose link was opened becomes its person's only one. False when another account has it meanwhile."""
    user = address.user
    if is_email_taken(address.email, of=user.pk):
        return False
    with change(user.as_actor()) as opened:
        EmailAddress.objects.filter(user=user).exclude(pk=address.pk).delete()
        address.verified = address.primary = True
        address.save()
        if fold_name(user.email) != fold_name(address.email):
            user.email, user.version = address.email, user.version + 1
            user.save(update_fields=["email", "version"])
            opened.event(EventType.USER_UPDATED, data={"username": user.username, "changed": ["email"]})
    return True


def refuse_losing_administrators(user: User) -> None:
    """`Conflict` when `user` is the only one left who administers the instance."""
    administrators = User.objects.administrators()
    if administrators.filter(pk=user.pk).exists() and not administrators.exclude(pk=user.pk).exists():
        raise Conflict(f"{user.username} is the only administrator. Make somebody else one first.", code="last_admin")


def _apply(user: User, fields: Mapping[str, Any]) -> list[str]:
    identity = check_identity(
        fields.get("username", user.username),
        fields.get("email", user.email),
        fields.get("timezone", user.timezone),
        of=user.pk,
    )
    if is_email_taken(identity.email, of=user.pk):
        raise Invalid([email_taken(identity.email)])
    wanted = {
        "username": identity.username,
        "email": identity.email,
        "timezone": identity.timezone,
        "role": SiteRole(fields.get("role", user.role)),
        "is_active": fields.get("is_active", user.is_active),
    }
    changed = [name for name, value in wanted.items() if getattr(user, name) != value]
    for name in changed:
        setattr(user, name, wanted[name])
    return changed


def draft_account(username: str, email: str, password: str | None, role: SiteRole, timezone: str) -> Draft:
    """A new account's fields, checked and with the password hashed. `Invalid` names all that is wrong."""
    person = User(username=username, email=email)
    weak = [] if password is None else check_password(password, person)
    identity = check_identity(username, email, timezone, extra=weak)
    if is_email_taken(identity.email):
        raise Invalid([email_taken(identity.email)])
    return Draft(identity, make_password(password), role)


def add_account(opened: Change, draft: Draft) -> User:
    """Stores a checked account with its inbox; `Invalid` when somebody took its name or address meanwhile."""
    identity = draft.identity
    user = User(
        # Somebody who registers is the actor of their own beginning.
        id=opened.actor.user_id if _is_newcomer(opened.actor) else new_id(),
        username=identity.username,
        email=identity.email,
        timezone=identity.timezone,
        role=draft.role,
        password=draft.password_hash,
    )
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise _explain_clash(identity.username, identity.email) from error
    add_project(opened, {"name": "Inbox"}, inbox_of=user)
    opened.event(EventType.USER_CREATED, data={"username": user.username, "role": user.role})
    return user


def _is_newcomer(actor: Actor) -> bool:
    return actor.user_id is not None and not User.objects.filter(pk=actor.user_id).exists()


def add_address(user: User, *, verified: bool) -> None:
    """Notes the account's address, if it has one, among those that were verified or still are to be."""
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email.lower(), primary=True, verified=verified)


def _replace_address(user: User, *, verified: bool) -> None:
    EmailAddress.objects.filter(user=user).delete()
    add_address(user, verified=verified)


def _hash(password: str, user: User, field: str = "password") -> str:
    weak = check_password(password, user, field)
    if weak:
        raise Invalid(weak)
    return make_password(password)


def _store_password(opened: Change, user: User, hashed: str, kept: credentials.Kept | None = None) -> None:
    user.password = hashed
    user.version += 1
    user.save(update_fields=["password", "version"])
    credentials.end_all(user, kept)
    opened.event(EventType.USER_UPDATED, data={"username": user.username, "changed": ["password"]})


def _refuse_higher(actor: Actor, role: SiteRole) -> None:
    """Nobody makes, changes or becomes what is above their own role."""
    if role.rank > actor.site_role.rank:
        raise Forbidden(f"The role {role.value} is above yours. Ask an administrator.")


def _explain_clash(username: str, email: str) -> Invalid:
    """Somebody took the name or the address since it was checked."""
    return Invalid([email_taken(email) if is_email_taken(email) else username_taken(username)])
