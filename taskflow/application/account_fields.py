"""What an account's fields take: names, addresses, time zones and passwords, checked in one place for every door."""

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import available_timezones

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet

from taskflow.application import ports
from taskflow.domain.errors import FieldError, Invalid
from taskflow.store.models import User
from taskflow.store.models.users import USERNAME_PATTERN, HeldName, fold_name

#: Words that stand for somebody else where a user name is expected.
RESERVED = frozenset({"me", "none", "system"})
LONGEST_PASSWORD = 1024
#: What the machine's zone files also hold: they name no place, and mean something else on the next machine.
_NO_ZONES = frozenset({"localtime", "Factory"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a person is on the instance; checked and in its stored form."""

    username: str
    email: str
    timezone: str


def check_identity(
    username: str, email: str, timezone: str, *, of: UUID | None = None, extra: list[FieldError] | None = None
) -> Identity:
    """The three as they are stored. `Invalid` names each field that is wrong or another account's than `of`."""
    identity = Identity(
        unicodedata.normalize("NFKC", username), BaseUserManager.normalize_email(email.strip()), timezone
    )
    errors = [
        *check_username(identity.username, of),
        *check_email(identity.email),
        *_check_timezone(identity.timezone),
        *(extra or []),
    ]
    if errors:
        raise Invalid(errors)
    return identity


def check_password(password: str, person: User, field: str = "password") -> list[FieldError]:
    """What is wrong with a new password for `person` (who need not be stored yet), by Django's validators."""
    if len(password) > LONGEST_PASSWORD:
        return [FieldError(field, "password_too_long", f"Use at most {LONGEST_PASSWORD} characters.")]
    if "\x00" in password:
        return [FieldError(field, "null_character", "A password cannot hold a NUL character.")]
    try:
        validate_password(password, person)
    except ValidationError as error:
        return [FieldError(field, e.code or "invalid", " ".join(e.messages)) for e in error.error_list]
    return []


def is_email_taken(email: str, *, of: UUID | None = None) -> bool:
    """Whether an account other than `of` has this address; without regard to case."""
    return bool(email) and _others(User.objects.with_email(email), of).exists()


def email_taken(email: str) -> FieldError:
    """The error of an address that is another account's."""
    return FieldError("email", "email_taken", f"{email} belongs to another account. Use another address.")


def username_taken(username: str) -> FieldError:
    """The error of a name that is another account's."""
    return FieldError("username", "username_taken", f"The name {username} is taken. Choose another.")


def _others(people: QuerySet[User], of: UUID | None) -> QuerySet[User]:
    return people if of is None else people.exclude(pk=of)


def check_username(username: str, of: UUID | None = None) -> list[FieldError]:
    """What is wrong with a name for an account, or for a new one without `of`."""
    if not re.match(USERNAME_PATTERN, username):
        detail = "Use 1 to 64 letters, digits, '_', '-' and '.', starting with a letter, a digit or '_'."
        return [FieldError("username", "invalid", detail)]
    if username.casefold() in RESERVED:
        return [FieldError("username", "reserved", f"{username} has a meaning of its own here. Choose another name.")]
    held = HeldName.objects.filter(username_key=fold_name(username), expires_at__gt=ports.now())
    if _others(User.objects.named(username), of).exists() or held.exists():
        return [username_taken(username)]
    return []


def check_email(email: str) -> list[FieldError]:
    """What is wrong with an address; nothing with none."""
    if not email:
        return []
    try:
        validate_email(email)
    except ValidationError:
        return [FieldError("email", "invalid", "Give an e-mail address such as ada@example.org.")]
    if len(email) > 254:
        return [FieldError("email", "max_length", "An e-mail address has at most 254 characters.")]
    return []


def _check_timezone(name: str) -> list[FieldError]:
    if name in available_timezones() - _NO_ZONES:
        return []
    return [FieldError("timezone", "invalid", "Give an IANA time zone such as Europe/Berlin or UTC.")]
