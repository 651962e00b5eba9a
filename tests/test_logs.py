"""What the log may hold."""

import logging

import pytest

from taskflow.config import Settings
from taskflow.settings.logs import OneLineFormatter, build_logging

SECRET = "Zm9vYmFyYmF6cXV4-1234567890"


@pytest.mark.parametrize(
    "path",
    [f"/sign-in/{SECRET}/", f"/accounts/password/reset/key/01a2-{SECRET}/", f"/accounts/confirm-email/MQ:1x:{SECRET}/"],
)
def test_an_address_that_lets_somebody_in_is_blotted_out(path: str) -> None:
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Internal Server Error: %s", (path,), None)
    line = OneLineFormatter().format(record)
    assert SECRET not in line
    assert line.endswith("/***/")


def test_templates_do_not_print_their_context_at_debug_level() -> None:
    document = build_logging(Settings(log_level="debug"))
    assert document["root"]["level"] == "DEBUG"
    assert document["loggers"]["django.template"]["level"] == "INFO"
