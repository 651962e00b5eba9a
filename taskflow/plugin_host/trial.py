"""Tries a plugin once, in a process that ends afterwards: an administrator's test, before it is enabled or beside."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from taskflow.plugin_api import (
    Completion,
    CompletionRequest,
    Delivery,
    Health,
    Kind,
    Message,
    PriorityRequest,
    Recipient,
    Signal,
    TaskView,
)
from taskflow.plugin_host.process import PluginProcess
from taskflow.plugin_host.state import CallFailed, EnabledPlugin, Offer, Outbound

#: Seconds for all objects that the plugin offers, without what starting it takes.
DEADLINE = 20.0

_NEXT_STEPS = {
    "auth": "The credentials were refused: check them in the settings.",
    "transient": "Check that the other side runs and can be reached from here, then try again.",
    "timeout": "Check that the other side runs, or give it more time in the settings.",
    "permanent": "Read what the other side said, and check the settings.",
    "bug": "This is a defect of the plugin: tell its publisher, with the error above.",
    "crash": "This is a defect of the plugin: tell its publisher, with the error above.",
}
_HEALTH = TypeAdapter(Health)
_SIGNAL: TypeAdapter[Signal | None] = TypeAdapter(Signal | None)
_DELIVERY = TypeAdapter(Delivery)
_COMPLETION = TypeAdapter(Completion)
_QUESTION = CompletionRequest(
    system="You answer in one short sentence.", prompt="Say that you are ready to judge tasks.", max_tokens=48
)
#: What comes first: loading a model, or a client's library, takes longer than many an answer.
_GREETING = _QUESTION.model_copy(update={"max_tokens": 1})
_LONGEST_SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. `latency_ms` is that of the slowest call, without what starting the plugin took, and for a model
    that was chosen without what loading it took."""

    ok: bool
    latency_ms: float | None = None
    model: str = ""
    sample: str = ""
    error: str = ""
    next_step: str = ""
    #: What the other side said of a message that was sent.
    detail: str = ""
    #: Tokens a second that a language model wrote for the sample, where that is known.
    tokens_per_second: float | None = None


def check(
    plugin: EnabledPlugin,
    outbound: Outbound,
    *,
    deadline: float = DEADLINE,
    send: tuple[Message, Recipient] | None = None,
    model: str | None = None,
) -> Trial:
    """Asks each object that the plugin offers; with `send` a channel also delivers that message, and with `model` a
    provider of language models answers with that one instead of trying the one of its settings. Never raises for what
    the plugin does."""
    process = PluginProcess(plugin, outbound)
    try:
        trial = Trial(ok=True)
        offers = process.offers()
        ends = time.monotonic() + deadline
        for offer in offers:
            trial = _merge(trial, _try(process, offer, max(0.0, ends - time.monotonic()), send, model))
        return trial
    except CallFailed as failure:
        return _failed(failure)
    finally:
        process.stop()


def _try(
    process: PluginProcess, offer: Offer, deadline: float, send: tuple[Message, Recipient] | None, model: str | None
) -> Trial:
    began = time.monotonic()

    def call(method: str, payload: dict[str, Any]) -> Any:
        left = max(0.0, began + deadline - time.monotonic())
        return process.call(offer.kind, offer.name, method, payload, deadline=left)

    try:
        trial = _ask(offer, call, model)
        if trial.ok and send is not None and offer.kind == Kind.NOTIFICATION_CHANNEL:
            message, recipient = (value.model_dump(mode="json") for value in send)
            delivery = _DELIVERY.validate_python(call("send", {"message": message, "recipient": recipient}))
            trial = replace(trial, detail=delivery.detail or "It was taken by the other side.")
    except CallFailed as failure:
        trial = _failed(failure)
    except ValidationError as error:
        trial = _failed(CallFailed("bug", f"It answered something else: {error.errors()[0]['msg']}."))
    return trial if trial.latency_ms is not None else replace(trial, latency_ms=_milliseconds(time.monotonic() - began))


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _ask(offer: Offer, call: Callable[[str, dict[str, Any]], Any], model: str | None) -> Trial:
    if offer.kind == Kind.PRIORITISER:
        request = {"request": _example().model_dump(mode="json")}
        signal = _SIGNAL.validate_python(call("prioritise", request))
        return Trial(ok=True, model=signal.model if signal else "", sample=_describe(signal))
    if model is not None and offer.kind == Kind.LLM_PROVIDER:
        return _ask_model(call, model)
    health = _HEALTH.validate_python(call("check", {}))
    step = "" if health.ok else health.next_step or _NEXT_STEPS["transient"]
    return Trial(
        ok=health.ok,
        model=health.model,
        sample=health.sample,
        error="" if health.ok else health.error,
        next_step=step,
        tokens_per_second=health.tokens_per_second,
    )


def _ask_model(call: Callable[[str, dict[str, Any]], Any], model: str) -> Trial:
    def answer_to(question: CompletionRequest) -> Completion:
        request = question.model_copy(update={"model": model}).model_dump(mode="json")
        return _COMPLETION.validate_python(call("complete", {"request": request}))

    answer_to(_GREETING)
    began = time.monotonic()
    answer = answer_to(_QUESTION)
    seconds = time.monotonic() - began
    name = answer.model or model
    if not answer.text.strip():
        step = "Choose a model that answers without thinking first, or switch that off on the server."
        text = "It answered without a word."
        return Trial(ok=False, latency_ms=_milliseconds(seconds), model=name, error=text, next_step=step)
    tokens = answer.usage.completion_tokens if answer.usage else 0
    return Trial(
        ok=True,
        latency_ms=_milliseconds(seconds),
        model=name,
        sample=answer.text[:_LONGEST_SAMPLE],
        tokens_per_second=round(tokens / seconds, 1) if tokens and seconds else None,
    )


def _example() -> PriorityRequest:
    now = datetime.now(UTC)
    task = TaskView(
        id=UUID(int=0), title="Pay the rent before the bank closes", due_date=now.date(), created_at=now, project="Home"
    )
    return PriorityRequest(task=task, now=now)


def _describe(signal: Signal | None) -> str:
    if signal is None:
        return "It has no opinion on the example."
    best = max(signal.probabilities, key=lambda level: signal.probabilities[level])
    return f"{best} ({signal.probabilities[best]:.0%}) for a task that is due today"


def _failed(failure: CallFailed) -> Trial:
    return Trial(ok=False, error=failure.message, next_step=_NEXT_STEPS.get(failure.kind, ""))


def _merge(first: Trial, second: Trial) -> Trial:
    """Both as one: the first that failed counts, the slowest call, and whatever either can show."""
    worse = first if not first.ok else second
    return replace(
        worse,
        latency_ms=max(filter(None, (first.latency_ms, second.latency_ms)), default=None),
        model=first.model or second.model,
        sample=first.sample or second.sample,
        detail=first.detail or second.detail,
        tokens_per_second=first.tokens_per_second or second.tokens_per_second,
    )
