"""Forms of the sign-in pages."""

from typing import Any

from allauth.account.forms import AddEmailForm, LoginForm, SignupForm
from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from taskflow.application import accounts
from taskflow.domain.errors import Invalid
from taskflow.store.models import User

#: What passwords are like.
GOOD_ENOUGH = "At least 8 characters, not a common word, not only digits."


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no annotations
    """The sign-in page's. One answer to a wrong name and a wrong password, whichever was used."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or e-mail"
        self.fields["remember"].label = "Keep me signed in"

    def _clean_with_password(self, credentials: dict[str, Any]) -> Any:
        try:
            return super()._clean_with_password(credentials)
        except ValidationError as error:
            if error.code and error.code.endswith("_password_mismatch"):
                raise ValidationError("User name or password is wrong.", code="invalid_credentials") from None
            raise


class RegistrationForm(SignupForm):  # type: ignore[misc]  # allauth has no annotations
    """The registration page's, in the words of the other pages."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"
        if "email" in self.fields:
            self.fields["email"].label = "E-mail" if self.fields["email"].required else "E-mail (optional)"
        self.fields["password1"].help_text = GOOD_ENOUGH
        self.fields["password2"].label = "Password again"

    def try_save(self, request: HttpRequest) -> Any:
        """The account, or the same answer without one for an address that has an account already."""
        if self.account_already_exists:
            accounts.hold_name(self.cleaned_data["username"])
        return super().try_save(request)


class ChangeAddressForm(AddEmailForm):  # type: ignore[misc]  # allauth has no annotations
    """The e-mail page's. Where nothing is verified a new address takes effect at once."""

    def clean_email(self) -> str:
        """The address, if it may be taken."""
        email: str = super().clean_email()
        if _is_immediate() and self.user.email != email and _is_others(self.user, email):
            raise ValidationError("This address belongs to another account.", code="email_taken")
        return email

    def save(self, request: HttpRequest) -> EmailAddress:
        """The new address: in effect, or waiting for its link to be opened."""
        if not _is_immediate():
            return super().save(request)
        user = accounts.update_user(self.user.as_actor(), self.user, {"email": self.cleaned_data["email"]})
        return EmailAddress.objects.get(user=user, primary=True)


class _NewPasswordForm(forms.Form):
    """A password, typed twice."""

    password1 = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=GOOD_ENOUGH,
    )
    password2 = forms.CharField(
        label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean(self) -> dict[str, Any]:
        """The two agree."""
        data = super().clean() or self.cleaned_data
        if data.get("password1") != data.get("password2"):
            self.add_error("password2", ValidationError("The two passwords differ.", code="password_mismatch"))
        return data

    def show(self, error: Invalid) -> None:
        """Shows what a use case found wrong beside the fields."""
        for found in error.errors:
            field = {"password": "password1"}.get(found.field, found.field)
            self.add_error(field if field in self.fields else None, ValidationError(found.detail, code=found.code))


class FirstAccountForm(_NewPasswordForm):
    """The first administrator's."""

    username = forms.CharField(
        label="User name", max_length=64, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    email = forms.EmailField(
        label="E-mail (optional)", required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    field_order = ("username", "email", "password1", "password2")


class InvitedForm(_NewPasswordForm):
    """A newcomer's who was invited; the address is the invitation's."""

    username = forms.CharField(label="User name", max_length=64, widget=forms.TextInput({"autocomplete": "username"}))
    field_order = ("username", "password1", "password2")


class LinkForm(_NewPasswordForm):
    """A sign-in link's: a new password, which a person who has one may leave out."""

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        if user.has_usable_password():
            self.fields["password1"].required = self.fields["password2"].required = False
            self.fields["password1"].help_text = "Leave it empty to keep the password you have."


def _is_immediate() -> bool:
    return settings.TASKFLOW.effective_email_verification == "none"


def _is_others(user: User, email: str) -> bool:
    return User.objects.with_email(email).exclude(pk=user.pk).exists()
