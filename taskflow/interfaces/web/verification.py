"""Mails that verify an address, for doors that are not allauth's own pages."""

from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django.conf import settings
from django.http import HttpRequest

from taskflow.application.account_fields import check_identity
from taskflow.store.models import User


def send_verification(request: HttpRequest, user: User | None, email: str) -> bool:
    """Files the mail that somebody who registered gets; whether there was one to file.

    For None, an address that has an account already, its owner is told so.
    """
    if settings.TASKFLOW.effective_email_verification == "none" or not email:
        return False
    stranger = EmailAddress(user=None, email=email.lower())
    address = EmailAddress.objects.filter(user=user).first() if user else stranger
    send_verification_email_to_address(request, address or stranger, signup=True)
    return True


def must_wait_for_verification(user: User, email: str | None) -> bool:
    """Whether a new address of one's own takes effect only once its link was opened."""
    changes = email is not None and email != "" and email != user.email
    return changes and bool(settings.TASKFLOW.effective_email_verification == "mandatory")


def lacks_confirmation(user: User) -> bool:
    """Whether the link of the present address was never opened; such an address may be in effect all the same."""
    return bool(EmailAddress.objects.filter(user=user, email=user.email.lower(), verified=False).exists())


def propose_address(request: HttpRequest, user: User, email: str) -> None:
    """Keeps the present address until the link that is sent to the new one was opened. `Invalid` for no address."""
    identity = check_identity(user.username, email, user.timezone, of=user.pk)
    EmailAddress.objects.add_new_email(request, user, identity.email)


def pending_address(user: User) -> str | None:
    """The address whose link was not opened yet."""
    address = EmailAddress.objects.get_new(user)
    return address.email if address and address.email.casefold() != user.email.casefold() else None
