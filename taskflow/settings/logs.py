"""Logging: one line a record on standard error, without secrets."""

import logging
import re
import time
from typing import Any

from taskflow.config import Settings

_SECRETS = (
    (re.compile(r"\btfp_[A-Za-z0-9_-]{4,}"), "tfp_***"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)\b(password|passwd|secret|token|ticket|api_key|sessionid|csrftoken)(=|: ?|\": ?\")[^\s&\"',}]+"
        ),
        r"\1\2***",
    ),
    # Whoever knows such an address is let in.
    (re.compile(r"(/(?:sign-in|accounts/confirm-email|accounts/password/reset/key)/)[^/\s'\"?]{8,}"), r"\1***"),
    (re.compile(r"(\w+://[^\s:/@]*:)[^\s@/]+@"), r"\1***@"),
)


class OneLineFormatter(logging.Formatter):
    """`2026-01-31T12:00:00Z WARNING logger: message`; line breaks, also a traceback's, are written as `\\n`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """The record's time in UTC."""
        return time.strftime(datefmt or "%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))

    def format(self, record: logging.LogRecord) -> str:
        """The line, with tokens, passwords and keys replaced by `***`."""
        line = super().format(record)
        for pattern, replacement in _SECRETS:
            line = pattern.sub(replacement, line)
        return line.replace("\r", "\\r").replace("\n", "\\n")


def build_logging(settings: Settings) -> dict[str, Any]:
    """Django's LOGGING."""
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "taskflow.settings.logs.OneLineFormatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # 4xx answers are the client's business; they would drown what the operator must see.
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "ERROR"},
            # Of every absent variable it prints the whole context: requests, forms and links, people's data.
            "django.template": {"level": "INFO"},
            # SQL at debug level would hold people's data.
            "django.db.backends": {"level": "INFO"},
            # It tells of every request.
            "httpx": {"level": "WARNING"},
            # It tells of every start and stop, which the supervisor does already.
            "uvicorn.error": {"level": "WARNING"},
            "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
        },
    }
