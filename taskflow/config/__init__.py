"""Settings of an instance: one model, read from the environment. Imports no Django."""

from taskflow.config.active import current_settings, use_settings
from taskflow.config.errors import ConfigError
from taskflow.config.loading import load_settings
from taskflow.config.model import Settings

__all__ = ["ConfigError", "Settings", "current_settings", "load_settings", "use_settings"]
