"""What plugins say about a task: the language model in force, behind the gateway, and every prioritiser.

They run elsewhere, within a time budget. One that fails, is late or may not be asked is left out and named: the
built-in signals answer in any case.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from taskflow.application import model_calls, ports
from taskflow.application.embedding_signals import can_embed, nearest_decisions
from taskflow.application.model_calls import Caller
from taskflow.application.plugin_board import pick, read_board
from taskflow.application.ports import ModelAnswer, Models
from taskflow.application.waits import waiting
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Level
from taskflow.domain.prompts import Asked, tidy_name
from taskflow.domain.redaction import redact_asked
from taskflow.domain.suggestion import Reason, Signal
from taskflow.learning.examples import Example
from taskflow.plugin_api import ExampleView, Kind, PriorityRequest, TaskView
from taskflow.plugin_api import Signal as Opinion
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed, EnabledPlugin

#: Seconds for all plugins that are asked about one task, and for one prioritiser at most.
BUDGET = 8.0
PRIORITISER_DEADLINE = 3.0
#: Seconds for embeddings; loading their model takes longer, and goes on meanwhile.
EMBEDDING_DEADLINE = 3.0
#: Seconds that a model leaves for the prioritisers after it, where there are any.
LEFT_FOR_OTHERS = 1.5
#: Less than this is not worth a call.
_SHORTEST = 0.2
#: Judged fields that a reason of a plugin may speak of.
_FIELDS = frozenset(
    {"title", "description", "due_date", "due_at", "start_date", "estimate_minutes", "labels", "project", "parent"}
)
_NOT_ALLOWED = "the project does not let its tasks leave this instance (remote_models_allowed is off)"


@dataclass(frozen=True, slots=True)
class Question:
    """One task, for one person in the IANA zone `timezone`; `decided`: titles and levels of that person's decisions
    that may be quoted to a model, newest first."""

    task: UUID
    #: Who asks.
    person: UUID | None
    facts: TaskFacts
    decided: tuple[tuple[str, Level], ...]
    timezone: str
    #: Whether the project lets its tasks leave this instance.
    remote_allowed: bool
    #: What a model on this machine may compare with, titles included.
    examples: tuple[Example, ...] = ()


def are_asked(runner: Runner | None) -> bool:
    """Whether any plugin has a say."""
    return runner is not None and any(runner.plugins(kind) for kind in (Kind.LLM_PROVIDER, Kind.PRIORITISER))


def gather_signals(runner: Runner, models: Models | None, question: Question) -> list[Signal]:
    """A signal of each plugin that has a say, in their order; never raises for what they do."""
    ends = time.monotonic() + BUDGET
    prioritisers = runner.plugins(Kind.PRIORITISER)
    signals: list[Signal] = []
    if models is not None:
        signals += _ask_models(runner, models, question, ends - (LEFT_FOR_OTHERS if prioritisers else 0.0))
    for plugin in prioritisers:
        signals += _ask_prioritisers(runner, plugin, question, ends)
    return signals


def _ask_models(runner: Runner, models: Models, question: Question, ends: float) -> list[Signal]:
    """What the language model in force says, and what texts alike were decided to be."""
    providers = {plugin.slug: plugin for plugin in runner.plugins(Kind.LLM_PROVIDER)}
    signals = []
    for plugin in providers.values():
        if can_embed(plugin):
            signals += _compare(models, plugin, question, ends)
    chosen = pick(read_board(), list(providers)) if providers else None
    if chosen is not None:
        signals.append(_ask_model(models, providers[chosen], question, ends))
    return signals


def _compare(models: Models, plugin: EnabledPlugin, question: Question, ends: float) -> list[Signal]:
    left = min(EMBEDDING_DEADLINE, ends - time.monotonic())
    caller = Caller(question.task, question.person)
    try:
        found = nearest_decisions(models, plugin, question.facts, question.examples, caller, left=left)
    except CallFailed as failure:
        return [Signal(source="model", provider=f"{plugin.slug}:embeddings", error=str(failure)[:300])]
    return [] if found is None else [found]


def tell(question: Question) -> Asked:
    """What a model is told: the task, and the person's own decisions."""
    return Asked(facts=question.facts, decided=question.decided, now=ports.now(), timezone=question.timezone)


def _ask_model(models: Models, plugin: EnabledPlugin, question: Question, ends: float) -> Signal:
    """The model's signal; each call has its entry."""
    caller = Caller(question.task, question.person)

    def call(left: float) -> Signal:
        began = time.monotonic()
        try:
            with waiting():
                answer = models.suggest(tell(question), deadline=left, may_leave=question.remote_allowed)
        except CallFailed as failure:
            model_calls.note_failure(plugin, caller, failure, latency_ms=(time.monotonic() - began) * 1000)
            raise
        model_calls.note_answer(plugin, caller, answer, latency_ms=(time.monotonic() - began) * 1000)
        return _read_model(answer, able=plugin.able)

    return _ask(plugin, question, ends, call)


def _read_model(answer: ModelAnswer, *, able: bool) -> Signal:
    # Its words add nothing to the sum: they explain its opinion, and nobody has checked them.
    words = f"“{answer.words}” (words of {answer.model or 'the model'}, unchecked)"
    return Signal(
        source="model",
        provider=answer.provider,
        model=answer.model or None,
        probabilities=answer.probabilities,
        reasons=(Reason(code="model_words", text=words, field="title", contribution=0.0),) if answer.words else (),
        able=able,
        prompt_version=answer.prompt_version,
    )


def _ask(plugin: EnabledPlugin, question: Question, ends: float, call: Callable[[float], Signal]) -> Signal:
    """A plugin's signal, or one that says in `error` why there is none; `call` gets the seconds that are left."""
    began = time.monotonic()
    try:
        if plugin.leaves and not question.remote_allowed:
            raise CallFailed("not_allowed", _NOT_ALLOWED)
        left = ends - began
        if left < _SHORTEST:
            raise CallFailed("timeout", f"no time was left of the {BUDGET:g} seconds for all models")
        signal = call(left)
    except CallFailed as failure:
        signal = Signal(source="model", error=str(failure)[:300])
    provider = plugin.provider if signal.provider == "builtin" else signal.provider
    return replace(signal, provider=provider, latency_ms=(time.monotonic() - began) * 1000)


def _ask_prioritisers(runner: Runner, plugin: EnabledPlugin, question: Question, ends: float) -> list[Signal]:
    """One signal of each prioritiser that a plugin offers; none of those without an opinion."""
    if plugin.leaves and not question.remote_allowed:
        return [Signal(source="model", provider=plugin.slug, error=_NOT_ALLOWED)]
    try:
        offers = runner.offers(plugin.slug, deadline=min(PRIORITISER_DEADLINE, ends - time.monotonic()))
    except CallFailed as failure:
        return [Signal(source="model", provider=plugin.slug, error=str(failure)[:300])]
    names = [offer.name for offer in offers if offer.kind == Kind.PRIORITISER]
    found = []
    for name in names:
        provider = plugin.slug if len(names) == 1 else f"{plugin.slug}:{name}"
        signal = _ask(plugin, question, ends, _opinion(runner, plugin, name, provider, question))
        if signal.error is not None or signal.probabilities is not None:
            found.append(signal)
    return found


def _opinion(
    runner: Runner, plugin: EnabledPlugin, name: str, provider: str, question: Question
) -> Callable[[float], Signal]:
    def call(left: float) -> Signal:
        asked = tell(question)
        if plugin.leaves:
            asked, _ = redact_asked(asked)
        request = PriorityRequest(
            task=_view(question.task, asked.facts),
            now=asked.now,
            timezone=asked.timezone,
            examples=tuple(ExampleView(title=title, priority=level) for title, level in asked.decided),
        )
        limit = min(left, PRIORITISER_DEADLINE)
        with waiting():
            opinion = runner.prioritise(plugin.slug, name, request, deadline=limit, setup=plugin)
        return Signal(source="model", provider=provider) if opinion is None else _read_opinion(opinion, provider)

    return call


def _read_opinion(opinion: Opinion, provider: str) -> Signal:
    reasons = tuple(
        Reason(code=reason.code, text=reason.text, field=reason.field)
        for reason in opinion.reasons
        if reason.field in _FIELDS
    )
    return Signal(
        source="model",
        provider=provider,
        model=tidy_name(opinion.model) or None,
        probabilities=dict(opinion.probabilities),
        reasons=reasons,
        # Somebody installed it for the very purpose.
        able=True,
    )


def _view(task: UUID, facts: TaskFacts) -> TaskView:
    return TaskView(
        id=task,
        title=facts.title,
        description=facts.description,
        project=facts.project,
        labels=facts.labels,
        due_date=facts.due_date,
        due_at=facts.due_at,
        start_date=facts.start_date,
        estimate_minutes=facts.estimate_minutes,
        parent=facts.parent,
        open_blockers=facts.open_blockers,
        open_dependents=facts.open_dependents,
        created_at=facts.created_at,
    )
