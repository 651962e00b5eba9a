"""An entry for each call of a language model: which, when, how much, how long; never what."""

from dataclasses import dataclass
from uuid import UUID

from taskflow.application import ports
from taskflow.application.ports import ModelAnswer
from taskflow.plugin_host.state import CallFailed, EnabledPlugin
from taskflow.store.models import ModelCall

SUGGEST, EMBED = "suggest", "embed"
#: Failures without a call: nobody was asked.
_NEVER_ASKED = frozenset({"not_allowed", "breaker_open", "not_running", "no_provider"})


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf, and about which task."""

    task: UUID | None
    person: UUID | None


def note_answer(plugin: EnabledPlugin, caller: Caller, answer: ModelAnswer, *, latency_ms: float) -> None:
    """A model answered."""
    _entry(
        plugin,
        caller,
        latency_ms,
        **_who(answer.provider, answer.leaves),
        model=answer.model[:200],
        prompt_version=answer.prompt_version,
        sha256=answer.sha256,
        sent_bytes=0 if answer.cached else answer.sent_bytes,
        redactions=answer.redactions,
        cached=answer.cached,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
    )


def note_failure(plugin: EnabledPlugin, caller: Caller, failure: CallFailed, *, latency_ms: float) -> None:
    """A model did not answer; where none was asked there was no call."""
    if failure.kind in _NEVER_ASKED:
        return
    sent = failure.sent
    _entry(
        plugin,
        caller,
        latency_ms,
        **(_who(str(sent["provider"]), bool(sent["leaves"])) if "provider" in sent else {}),
        model=str(sent.get("model", ""))[:200],
        failure=failure.kind[:40],
        sha256=str(sent.get("sha256", ""))[:64],
        sent_bytes=int(sent.get("bytes", 0)),
        redactions=int(sent.get("redactions", 0)),
    )


def note_vectors(plugin: EnabledPlugin, caller: Caller, *, model: str, latency_ms: float, failure: str = "") -> None:
    """Texts were turned into vectors, or not."""
    _entry(plugin, caller, latency_ms, purpose=EMBED, model=model[:200], failure=failure[:40])


def _who(provider: str, leaves: bool) -> dict[str, object]:
    """Who was told, which may be another than was in force when the question was put."""
    return {"slug": provider.partition(":")[0], "provider": provider, "leaves": leaves}


def _entry(plugin: EnabledPlugin, caller: Caller, latency_ms: float, **columns: object) -> None:
    ModelCall.objects.create(
        **{
            "at": ports.now(),
            "slug": plugin.slug,
            "provider": plugin.provider,
            "purpose": SUGGEST,
            "task_id": caller.task,
            "person_id": caller.person,
            "leaves": plugin.leaves,
            "latency_ms": round(latency_ms, 3),
            **columns,
        }
    )
