"""Signing in with a password: the one check behind the sign-in page and `POST auth/tokens`.

Known and unknown, active and deactivated accounts cost the same work and get the same answer. Failures are counted in
the database, so that the limit holds over every thread and process of the instance.
"""

import hashlib
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F

from taskflow.application import ports
from taskflow.domain.errors import TooMany
from taskflow.domain.permissions import SiteRole
from taskflow.store.models import User
from taskflow.store.models.users import SignInAttempts, fold_name

#: Failures that one account takes within one window; then every attempt waits for the window's end.
MOST_FAILURES = 10
WINDOW = timedelta(minutes=5)


def find_by_login(login: str) -> User | None:
    """The person of a user name or an e-mail address, which alone holds an `@`."""
    people = User.objects.with_email(login) if "@" in login else User.objects.named(login)
    return people.first()


def check_sign_in(login: str, password: str) -> User | None:
    """The active person whose password this is, else None. `TooMany` after ten failures within five minutes.

    A success gives its attempt back but forgets no failure, so that guesses between successes still add up.
    """
    user = find_by_login(login)
    account = _name_account(user, login)
    _count_attempt(account)
    if user is None:
        # As much work as checking a password.
        make_password(password)
        return None
    if not user.check_password(password) or not user.is_active:
        return None
    _give_back(account)
    return user


def check_second_factor(user: User, code: str) -> bool:
    """Whether a code of the authenticator app, or an unused recovery code, is right; either works once.

    `TooMany` as for passwords: wrong codes count as failures of the same account.
    """
    account = _name_account(user, "")
    _count_attempt(account)
    for factor in Authenticator.objects.filter(user=user, type__in=_CODES):
        if factor.wrap().validate_code(code):
            factor.record_usage()
            _give_back(account)
            return True
    return False


_CODES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


def has_second_factor(user: User) -> bool:
    """Whether signing in asks this person for a code."""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def lacks_second_factor(user: User) -> bool:
    """Whether this person must set up a second factor before anything else (`TASKFLOW_REQUIRE_MFA`)."""
    required = settings.TASKFLOW.require_mfa
    concerned = required == "all" or (required == "admin" and user.site_role is SiteRole.ADMIN)
    return concerned and not has_second_factor(user)


def lacks_verified_email(user: User) -> bool:
    """Whether this person must open the link in a mail before signing in. Who has no address has nothing to verify."""
    if settings.TASKFLOW.effective_email_verification != "mandatory" or not user.email:
        return False
    return not EmailAddress.objects.filter(user=user, verified=True).exists()


def _name_account(user: User | None, login: str) -> str:
    named = f"user {user.pk}" if user is not None else f"login {fold_name(login)}"
    return hashlib.sha256(named.encode()).hexdigest()


def _count_attempt(account: str) -> None:
    """Takes one of the window's attempts before it is made, so that many at once cannot exceed them."""
    if not settings.TASKFLOW.rate_limits:
        return
    now = ports.now()
    with transaction.atomic():
        SignInAttempts.objects.filter(started_at__lte=now - WINDOW).delete()
        SignInAttempts.objects.bulk_create([SignInAttempts(account=account, started_at=now)], ignore_conflicts=True)
        row = SignInAttempts.objects.select_for_update().get(account=account)
        if row.count < MOST_FAILURES:
            SignInAttempts.objects.filter(account=account).update(count=F("count") + 1)
            return
    wait = int((row.started_at + WINDOW - now).total_seconds()) + 1
    raise TooMany(f"Too many failed sign-ins. Try again in {wait} seconds.", wait)


def _give_back(account: str) -> None:
    SignInAttempts.objects.filter(account=account, count__gt=0).update(count=F("count") - 1)
