"""What a plugin imports of TaskFlow, and all that it may import: `from taskflow.plugin_api import …`.

A plugin is a distribution with an entry point in the group `taskflow.plugins.v1`. Its name is the plugin's slug, its
value a module that holds `manifest` (a `Manifest`) and functions marked with `hookimpl`, named as in `hooks.py`.

Nothing here opens a connection, reads a file or imports Django. Names that stand in `__all__` keep their meaning within
`PLUGIN_API`'s major version; new ones, and new fields with defaults, may come with a minor one.
"""

from taskflow.plugin_api.context import Clock, Live, PluginContext
from taskflow.plugin_api.data import (
    Completion,
    CompletionRequest,
    Delivery,
    Embeddings,
    ExampleView,
    Health,
    Message,
    ModelInfo,
    PriorityRequest,
    Pull,
    Reason,
    Recipient,
    Scores,
    Signal,
    TaskView,
    Usage,
)
from taskflow.plugin_api.errors import AuthError, PermanentError, PluginError, TransientError
from taskflow.plugin_api.hooks import ENTRY_POINT_GROUP, hookimpl
from taskflow.plugin_api.manifest import Kind, Manifest, Network, PluginConfig
from taskflow.plugin_api.protocols import Embedder, LLMProvider, ModelLibrary, NotificationChannel, Prioritiser, Scorer

#: The version of this contract, major.minor.
PLUGIN_API = "1.0"

__all__ = [
    "ENTRY_POINT_GROUP",
    "PLUGIN_API",
    "AuthError",
    "Clock",
    "Completion",
    "CompletionRequest",
    "Delivery",
    "Embedder",
    "Embeddings",
    "ExampleView",
    "Health",
    "Kind",
    "LLMProvider",
    "Live",
    "Manifest",
    "Message",
    "ModelInfo",
    "ModelLibrary",
    "Network",
    "NotificationChannel",
    "PermanentError",
    "PluginConfig",
    "PluginContext",
    "PluginError",
    "Prioritiser",
    "PriorityRequest",
    "Pull",
    "Reason",
    "Recipient",
    "Scorer",
    "Scores",
    "Signal",
    "TaskView",
    "TransientError",
    "Usage",
    "hookimpl",
]
