"""Django's settings module. What an operator can set is in `taskflow.config`; the rest is decided here."""

import secrets

from taskflow.config import Settings, current_settings
from taskflow.config.keys import load_keys
from taskflow.settings.accounts import *  # noqa: F403 - each of these modules holds settings and nothing else
from taskflow.settings.accounts import ACCOUNT_MIDDLEWARE
from taskflow.settings.admin import *  # noqa: F403
from taskflow.settings.database import build_databases
from taskflow.settings.logs import build_logging
from taskflow.settings.rest import *  # noqa: F403
from taskflow.settings.rest import API_MIDDLEWARE, END_OF_PAGES

#: The instance's own settings, for code that has Django's at hand.
TASKFLOW: Settings = current_settings()

# Commands that sign or encrypt create the keys first; for the others (migrations in a checkout, `doctor`) a key that
# dies with the process does, so that looking never writes.
SECRET_KEY = load_keys(TASKFLOW).signing or secrets.token_urlsafe(64)
DEBUG = False
ALLOWED_HOSTS = list(TASKFLOW.effective_allowed_hosts)

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    # Before allauth and the admin: the first app that has a template wins.
    "taskflow.interfaces",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "taskflow.store",
]
AUTH_USER_MODEL = "store.User"
KNOX_TOKEN_MODEL = "store.ApiToken"  # noqa: S105 - a model's name
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    *API_MIDDLEWARE,
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    *ACCOUNT_MIDDLEWARE,
    END_OF_PAGES,
]
ROOT_URLCONF = "taskflow.interfaces.urls"
WSGI_APPLICATION = "taskflow.bootstrap.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = build_databases(TASKFLOW)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"

STATIC_URL = "/static/"
# Files are found in the packages once, at start: nobody has to collect them, and no request looks at the disk twice.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600

CSRF_TRUSTED_ORIGINS = [TASKFLOW.public_url] if TASKFLOW.public_url else []
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TASKFLOW.is_https
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if TASKFLOW.is_https else 0
X_FRAME_OPTIONS = "DENY"

EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if TASKFLOW.smtp else 'dummy'}.EmailBackend"
EMAIL_HOST = TASKFLOW.smtp.host if TASKFLOW.smtp else "localhost"
EMAIL_PORT = TASKFLOW.smtp.port if TASKFLOW.smtp else 25
EMAIL_HOST_USER = TASKFLOW.smtp.username if TASKFLOW.smtp else ""
EMAIL_HOST_PASSWORD = TASKFLOW.smtp.password if TASKFLOW.smtp else ""
EMAIL_USE_TLS = TASKFLOW.smtp is not None and TASKFLOW.smtp.tls == "starttls"
EMAIL_USE_SSL = TASKFLOW.smtp is not None and TASKFLOW.smtp.tls == "implicit"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = TASKFLOW.email_from

LOGGING = build_logging(TASKFLOW)
