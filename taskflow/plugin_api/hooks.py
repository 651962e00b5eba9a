"""The hooks: functions that a plugin's module defines under these names, marked with `hookimpl`.

They are called once for each set of settings, synchronously, and only make objects: connections are opened when those
are first used. A hook may be left out.
"""

from collections.abc import Sequence

import pluggy

from taskflow.plugin_api.context import PluginContext
from taskflow.plugin_api.protocols import LLMProvider, NotificationChannel, Prioritiser

#: The contract's major version is part of the name: plugins of another one are not loaded.
ENTRY_POINT_GROUP = "taskflow.plugins.v1"
PROJECT = "taskflow"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def taskflow_llm_providers(ctx: PluginContext) -> Sequence[LLMProvider]:
    """The language models that the plugin offers."""
    raise NotImplementedError


@hookspec
def taskflow_prioritisers(ctx: PluginContext) -> Sequence[Prioritiser]:
    """The prioritisers that the plugin offers."""
    raise NotImplementedError


@hookspec
def taskflow_notification_channels(ctx: PluginContext) -> Sequence[NotificationChannel]:
    """The channels that the plugin offers."""
    raise NotImplementedError


@hookspec
def taskflow_stop(ctx: PluginContext) -> None:
    """Closes what was opened. It may be called twice, and for a set of settings that was never used."""
    raise NotImplementedError
