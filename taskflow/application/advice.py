"""The work behind a suggestion: gathers the signals, combines them, stores the advice; never without an answer."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias
from uuid import UUID

from taskflow.application import decisions, ledger, ports
from taskflow.application.access import lock_tasks
from taskflow.application.changes import Change, change
from taskflow.application.examples import about_others, gather_examples, quote_decisions
from taskflow.application.jobs import handles
from taskflow.application.model_records import Record, weigh_opinions
from taskflow.application.model_signals import Question, are_asked, gather_signals
from taskflow.application.suggestions import ADVISE, ADVISE_BATCH, fail_lost
from taskflow.application.tasks import save_changed
from taskflow.domain.events import EventType
from taskflow.domain.facts import TaskFacts
from taskflow.domain.permissions import SYSTEM
from taskflow.domain.priority import Priority
from taskflow.domain.rules import rules_signal
from taskflow.domain.suggestion import Advice, Signal, combine, round_to_one
from taskflow.learning.examples import Example
from taskflow.learning.learner import Learner
from taskflow.store.at_once import touch
from taskflow.store.models import BatchItem, Job, Suggestion, SuggestionBatch, Task, User
from taskflow.store.models.suggestions import SuggestionState

log = logging.getLogger(__name__)

_learner = Learner()

#: Tasks of a batch that are advised in one transaction; fewer where plugins have a say, each of which may take its
#: time, so that a chunk ends within the job's lease.
CHUNK = 20
CHUNK_WITH_PLUGINS = 5


def advise(
    task: Task, facts: TaskFacts, examples: Sequence[Example], *, person: User | None, record: Record
) -> tuple[Advice, float]:
    """The advice on one task for a person of this record, and how long it took in milliseconds."""
    timezone = _zone(person)
    started = time.perf_counter()
    now = ports.now()
    signals = [
        rules_signal(facts, now=now, timezone=timezone),
        _ask("learned", lambda: _learner.signal(facts, examples, now=now, timezone=timezone)),
        *_ask_plugins(task, facts, examples, person),
    ]
    advice = combine(weigh_opinions(signals, record), facts)
    return advice, round((time.perf_counter() - started) * 1000, 3)


def _ask(source: str, prioritise: Callable[[], Signal]) -> Signal:
    """A signal that fails is left out and named; the others still answer."""
    started = time.perf_counter()
    try:
        return prioritise()
    except (ArithmeticError, ValueError, LookupError) as error:
        log.exception("the signal %s failed", source)
        latency = round((time.perf_counter() - started) * 1000, 3)
        return Signal(source=source, latency_ms=latency, error=f"{type(error).__name__}: {error}"[:300])  # type: ignore[arg-type]


def _ask_plugins(task: Task, facts: TaskFacts, examples: Sequence[Example], person: User | None) -> list[Signal]:
    runner = ports.plugins()
    if runner is None or not are_asked(runner):
        return []
    asker = None if person is None else person.pk
    decided = quote_decisions(asker, task.project_id, besides=task.pk)
    # As it is now: those of a list wait their turn, and the switch may have been thrown meanwhile.
    allowed = Task.objects.filter(pk=task.pk, deleted_at=None, project__remote_models_allowed=True).exists()
    question = Question(task.pk, asker, facts, decided, _zone(person), allowed, tuple(examples))
    return gather_signals(runner, ports.models(), question)


@handles(ADVISE)
def advise_one(job: Job) -> None:
    """Fills one queued suggestion."""
    suggestion = (
        Suggestion.objects.filter(pk=job.payload["suggestion"], state=SuggestionState.QUEUED)
        .select_related("task__project", "requested_by", "task__created_by")
        .first()
    )
    if suggestion is None:
        with change(SYSTEM):
            ledger.finish(job)
        return
    person = suggestion.requested_by or suggestion.task.created_by
    facts = decisions.facts_of([suggestion.task_id])[suggestion.task_id]
    examples = about_others(_examples(person, suggestion.task), suggestion.task_id)
    record = Record(None if person is None else person.pk)
    advice, latency = advise(suggestion.task, facts, examples, person=person, record=record)
    with change(SYSTEM) as opened:
        ledger.finish(job)
        lock_tasks([suggestion.task_id])
        _publish(opened, suggestion.pk, facts, advice, latency)


@handles(ADVISE_BATCH)
def advise_batch(job: Job) -> None:
    """Works through a batch, a chunk a transaction; what was done before a crash is not done again."""
    batch = SuggestionBatch.objects.select_related("requested_by").filter(pk=job.payload["batch"]).first()
    while batch is not None:
        size = CHUNK_WITH_PLUGINS if are_asked(ports.plugins()) else CHUNK
        items = list(batch.items.filter(done=False).select_related("task__project").order_by("position")[:size])
        if not items:
            break
        ready = _advise_items(items, batch.requested_by)
        with change(SYSTEM) as opened:
            ledger.extend(job, opened.now)
            lock_tasks(ready)
            for item in items:
                _settle_item(opened, item, batch.requested_by, ready)
    with change(SYSTEM):
        ledger.finish(job)


Ready: TypeAlias = dict[UUID, tuple[TaskFacts, Advice, float]]


def _advise_items(items: list[BatchItem], person: User) -> Ready:
    """Advice by task id, made outside of the transaction that stores it."""
    tasks = [item.task for item in items if item.task is not None and item.task.deleted_at is None]
    facts = decisions.facts_of([task.pk for task in tasks])
    examples: dict[UUID, list[Example]] = {}
    record = Record(person.pk)
    ready: Ready = {}
    for task in tasks:
        if task.project_id not in examples:
            examples[task.project_id] = _examples(person, task)
        if task.pk in facts:
            others = about_others(examples[task.project_id], task.pk)
            advice, latency = advise(task, facts[task.pk], others, person=person, record=record)
            ready[task.pk] = (facts[task.pk], advice, latency)
    return ready


def _settle_item(opened: Change, item: BatchItem, person: User, ready: Ready) -> None:
    if item.task_id in ready:
        facts, advice, latency = ready[item.task_id]
        queued = Suggestion.objects.filter(task_id=item.task_id, state=SuggestionState.QUEUED).first()
        suggestion = queued or Suggestion(task_id=item.task_id, requested_by=person, created_at=opened.now)
        if queued is None:
            suggestion.save(force_insert=True)
        _publish(opened, suggestion.pk, facts, advice, latency)
        item.suggestion = suggestion
    item.done = True
    item.save(update_fields=["done", "suggestion"])


def _publish(opened: Change, suggestion_id: UUID, facts: TaskFacts, advice: Advice, latency: float) -> None:
    """Makes a queued suggestion pending; if the task changed while it was judged, stale; auto-applies where wanted."""
    suggestion = Suggestion.objects.select_related("task__project").get(pk=suggestion_id)
    if suggestion.state != SuggestionState.QUEUED:
        return
    if suggestion.task.deleted_at is not None:
        fail_lost(opened, suggestion)
        return
    current = decisions.facts_of([suggestion.task_id])[suggestion.task_id]
    decisions.make_stale([suggestion.task_id])
    suggestion.state = SuggestionState.PENDING if current == facts else SuggestionState.STALE
    suggestion.suggested_priority = Priority(advice.suggested_priority).rank
    suggestion.confidence = advice.confidence
    suggestion.probabilities = dict(advice.probabilities)
    suggestion.reasons = [_reason_json(asdict(reason)) for reason in advice.reasons]
    suggestion.signals = [_signal_json(signal) for signal in advice.signals]
    suggestion.source, suggestion.provider, suggestion.model = advice.source, advice.provider, advice.model or ""
    suggestion.prompt_version = next((s.prompt_version for s in advice.signals if s.prompt_version), "")
    suggestion.latency_ms = latency
    suggestion.version += 1
    suggestion.save()
    touch(suggestion.task)
    opened.event(
        EventType.SUGGESTION_READY,
        project=suggestion.task.project_id,
        task=suggestion.task_id,
        data={
            "suggestion": str(suggestion.pk),
            "suggested_priority": advice.suggested_priority,
            "confidence": advice.confidence,
            "source": advice.source,
        },
    )
    if suggestion.state == SuggestionState.PENDING:
        _auto_apply(opened, suggestion)


def _auto_apply(opened: Change, suggestion: Suggestion) -> None:
    """Applies confident advice where the project's owner has switched that on; never over a person's decision."""
    threshold = suggestion.task.project.auto_apply_confidence
    if threshold is None or suggestion.confidence is None or suggestion.confidence < threshold:
        return
    if suggestion.suggested_priority is None or suggestion.task.decisions.exclude(kind="dismiss").exists():
        return
    task, level = suggestion.task, Priority.from_rank(suggestion.suggested_priority)
    before = task.level
    if before is not level:
        task.priority = level.rank
        save_changed(opened, task, {"priority": {"from": before.value, "to": level.value}})
    suggestion.state, suggestion.auto = SuggestionState.ACCEPTED, True
    decisions.close(opened, suggestion, level)


def _examples(person: User | None, task: Task) -> list[Example]:
    return gather_examples(None if person is None else person.pk, task.project_id)


def _zone(person: User | None) -> str:
    return "UTC" if person is None else person.timezone


def _reason_json(reason: dict[str, Any]) -> dict[str, Any]:
    shown = {name: reason[name] for name in ("code", "text", "field")}
    contribution = reason["contribution"]
    return shown | {"contribution": None if contribution is None else round(contribution, 4)}


def _signal_json(signal: Signal) -> dict[str, Any]:
    return {
        "source": signal.source,
        "provider": signal.provider,
        "model": signal.model,
        "weight": signal.weight,
        "probabilities": None if signal.probabilities is None else round_to_one(signal.probabilities),
        "latency_ms": round(signal.latency_ms, 3),
        "error": signal.error,
        "raw": None if signal.raw is None else round_to_one(signal.raw),
        "prompt_version": signal.prompt_version,
        "score": _score_json(signal),
    }


def _score_json(signal: Signal) -> dict[str, Any] | None:
    """The sum behind a signal, to be checked: codes and numbers without the words, which only reasons carry."""
    if signal.base is None:
        return None
    factors: list[dict[str, Any]] = [
        {"code": reason.code, "field": reason.field, "contribution": round(reason.contribution, 4)}
        for reason in signal.reasons
        if reason.contribution is not None
    ]
    total = round(signal.base + sum(factor["contribution"] for factor in factors), 4)
    return {"base": signal.base, "factors": factors, "total": total}
