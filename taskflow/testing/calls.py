"""The one call that each kind of object exists for: which hook makes it, what it takes, what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType, NoneType
from typing import Any

import pluggy
from pydantic import BaseModel

from taskflow.plugin_api import (
    Completion,
    CompletionRequest,
    Delivery,
    Kind,
    LLMProvider,
    Manifest,
    Message,
    NotificationChannel,
    PluginContext,
    Prioritiser,
    PriorityRequest,
    Recipient,
    Signal,
    hooks,
)
from taskflow.testing.promises import promise


@dataclass(frozen=True, slots=True)
class Call:
    """What a kind of object does."""

    hook: str
    protocol: type[Any]
    method: str
    arguments: tuple[type[BaseModel], ...]
    results: tuple[type[Any], ...]
    #: Its asynchronous methods.
    methods: tuple[str, ...]


CALLS = {
    Kind.LLM_PROVIDER: Call(
        "taskflow_llm_providers", LLMProvider, "complete", (CompletionRequest,), (Completion,), ("complete", "check")
    ),
    Kind.PRIORITISER: Call(
        "taskflow_prioritisers",
        Prioritiser,
        "prioritise",
        (PriorityRequest,),
        (Signal, NoneType),
        ("prioritise",),
    ),
    Kind.NOTIFICATION_CHANNEL: Call(
        "taskflow_notification_channels",
        NotificationChannel,
        "send",
        (Message, Recipient),
        (Delivery,),
        ("send", "check"),
    ),
}


def make_objects(module: ModuleType, kind: Kind, ctx: PluginContext) -> list[Any]:
    """What the module's hook for this kind makes of a context; empty where it has no such hook.

    `BrokenPromise` where it returns something else than a list.
    """
    hook = CALLS[kind].hook
    answers = _call_hook(module, hook, ctx)
    for answer in answers:
        listed = isinstance(answer, Sequence) and not isinstance(answer, str | bytes)
        promise(listed, f"{hook} must return a list, not a {type(answer).__name__}.")
    return [made for answer in answers for made in answer]


def stop(module: ModuleType, ctx: PluginContext) -> None:
    """Calls `taskflow_stop` where the module has it."""
    _call_hook(module, "taskflow_stop", ctx)


def make_recipient(manifest: Manifest, values: dict[str, Any]) -> Recipient:
    """A recipient of these values, `settings` made into the manifest's model."""
    settings = values.get("settings")
    if manifest.user_config is not None and isinstance(settings, dict):
        settings = manifest.user_config.model_validate(settings)
    return Recipient.model_validate(values | {"settings": settings})


def _call_hook(module: ModuleType, hook: str, ctx: PluginContext) -> list[Any]:
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.register(module)
    answers: list[Any] = getattr(manager.hook, hook)(ctx=ctx)
    return answers
