"""allauth's hooks: what it does to accounts goes through the use cases."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from taskflow.application import accounts
from taskflow.application.account_fields import check_username
from taskflow.application.changes import change
from taskflow.application.credentials import Kept
from taskflow.application.mail import file_mail
from taskflow.domain.errors import Forbidden, Invalid, TaskFlowError, TooMany
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import User

#: allauth's mail to addresses that nobody here has. Nothing is sent to strangers, but as much work is done.
_TO_NOBODY = "account/email/unknown_account"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no annotations
    """ACCOUNT_ADAPTER."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether people may make accounts for themselves."""
        try:
            accounts.refuse_closed_registration()
        except Forbidden:
            return False
        return True

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """The name, if it may be taken."""
        errors = check_username(username)
        if errors:
            raise ValidationError([ValidationError(error.detail, code=error.code) for error in errors])
        return username

    def save_user(self, request: HttpRequest, user: User, form: forms.Form, commit: bool = True) -> User:
        """The registration page's new account."""
        data = form.cleaned_data
        try:
            return accounts.sign_up(data["username"], data.get("email", ""), data["password1"])
        except TaskFlowError as error:
            # Somebody took the name or the address since the form was checked.
            detail = error.errors[0].detail if isinstance(error, Invalid) else error.detail
            messages.error(request, detail)
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_signup"))) from error

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Failures are counted by the backend, in the database; only the switch is left to ask here."""
        if not settings.TASKFLOW.local_accounts:
            raise ValidationError("This instance keeps no passwords.", code="no_local_accounts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person of a password, or None; a page of its own (429) after too many failures."""
        try:
            user: User | None = super().authenticate(request, **credentials)
        except TooMany as error:
            response = render(request, "taskflow/too_many.html", {"detail": error.detail}, status=429)
            response["Retry-After"] = str(error.retry_after)
            raise ImmediateHttpResponse(response) from None
        return user

    def get_login_stages(self) -> list[str]:
        """What lies between the password and the session."""
        own = {"allauth.account.stages.EmailVerificationStage": "taskflow.interfaces.web.stages.VerificationStage"}
        return [own.get(stage, stage) for stage in super().get_login_stages()]

    def set_password(self, user: User, password: str) -> None:
        """A password that a person changed or reset: every other session and all tokens end."""
        kept = Kept(session_key=self.request.session.session_key) if self.request.user == user else None
        accounts.set_password(user.as_actor(), user, password, kept=kept)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """An address whose link was opened becomes the person's only one."""
        confirmed = accounts.confirm_address(email_address)
        outcome = "email_confirmed" if confirmed else "email_confirmation_failed"
        level = messages.SUCCESS if confirmed else messages.ERROR
        self.add_message(request, level, f"account/messages/{outcome}.txt", {"email": email_address.email})
        return confirmed

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Files the mail; a worker sends it."""
        message = self.render_mail(
            template_prefix, email, {"email": email, "address": settings.TASKFLOW.base_url, **context}
        )
        with change(SYSTEM) as opened:
            file_mail(opened, None if template_prefix == _TO_NOBODY else email, message.subject, message.body)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link of a mail leads to the instance's own address, whatever host the request named."""
        return settings.TASKFLOW.base_url + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Likewise for a new password."""
        uid, _, secret = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": secret})
        return settings.TASKFLOW.base_url + path

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tells the owner of an address that somebody tried to register with it."""
        link = settings.TASKFLOW.base_url + reverse("account_reset_password")
        self.send_mail("account/email/account_already_exists", email, {"password_reset_url": link})

    def add_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Notes for the next page; REST has none."""
        if not request.path.startswith("/api/"):
            super().add_message(request, *args, **kwargs)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The peer's address; the server has put a trusted proxy's word in its place already."""
        return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where signing in leads: to the admin pages, or to one's own account without a right to them."""
        user = request.user
        return settings.LOGIN_REDIRECT_URL if isinstance(user, User) and user.is_staff else reverse("account")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Where registering leads."""
        return reverse("account")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Where a changed password leads."""
        return reverse("account")

    def is_safe_url(self, url: str | None) -> bool:
        """Redirects stay here."""
        return bool(url) and super().is_safe_url(url)
