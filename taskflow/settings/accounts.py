"""Accounts: django-allauth, sessions, passwords."""

from typing import Any

from taskflow.config import current_settings

_settings = current_settings()

#: Middleware of the pages; it runs after sessions and authentication.
ACCOUNT_MIDDLEWARE = [
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "taskflow.interfaces.web.second_factor.require_second_factor",
]

# One backend: every password goes through the check that counts failures.
AUTHENTICATION_BACKENDS = ["taskflow.interfaces.web.backend.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
#: Seconds that a mailed link for a new password works.
PASSWORD_RESET_TIMEOUT = 1800

ACCOUNT_ADAPTER = "taskflow.interfaces.web.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "taskflow.interfaces.web.forms.SignInForm",
    "signup": "taskflow.interfaces.web.forms.RegistrationForm",
    "add_email": "taskflow.interfaces.web.forms.ChangeAddressForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = [
    "username*",
    "email*" if _settings.effective_email_verification == "mandatory" else "email",
    "password1*",
    "password2*",
]
ACCOUNT_EMAIL_VERIFICATION = _settings.effective_email_verification
#: A person has one address; a new one replaces it once its link was opened.
ACCOUNT_CHANGE_EMAIL = True
# As much work for addresses without an account; the adapter sends nothing to them.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _settings.is_https else "http"
# Failed passwords are counted in the database (application/sign_in.py); these are allauth's own limits beside that.
# "login_failed" is what it counts wrong codes of a second factor by.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = (
    {"login": "120/m/ip", "login_failed": "10/5m/key", "signup": "60/m/ip", "reset_password": "20/m/ip,5/m/key"}
    if _settings.rate_limits
    else False
)

MFA_ADAPTER = "taskflow.infrastructure.mfa.EncryptedSecrets"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "TaskFlow"
# One step of 30 s either way, for clocks that differ (RFC 6238, section 5.2).
MFA_TOTP_TOLERANCE = 1
# Where no mail is sent, no address is ever verified.
MFA_ALLOW_UNVERIFIED_EMAIL = True
