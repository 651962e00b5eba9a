"""The settings of this process: one instance, loaded once."""

import os

from taskflow.config.loading import load_settings
from taskflow.config.model import Settings

_active: Settings | None = None


def use_settings(settings: Settings) -> None:
    """Make `settings` those of this process; call it before Django is set up."""
    global _active
    _active = settings


def current_settings() -> Settings:
    """The settings of this process; read from the environment at the first call unless `use_settings` came before.

    Raises ConfigError.
    """
    global _active
    if _active is None:
        _active = load_settings(os.environ)
    return _active
