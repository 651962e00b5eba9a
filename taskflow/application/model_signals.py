"""What plugins say about a task: the language model in force, and every prioritiser.

They run elsewhere, within a time budget. One that fails, is late or may not be asked is left out and named: the
built-in signals answer in any case.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from taskflow.application import ports
from taskflow.application.model_provider import pick
from taskflow.application.plugin_board import read_board
from taskflow.domain.facts import TaskFacts
from taskflow.domain.prompts import MOST_EXAMPLES, PROMPT_VERSION, Asked, BadAnswer, build_prompt, read_answer
from taskflow.domain.suggestion import Reason, Signal
from taskflow.learning.examples import Example
from taskflow.plugin_api import ExampleView, Kind, PriorityRequest, TaskView
from taskflow.plugin_api import Signal as Opinion
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed, EnabledPlugin

#: Seconds for all plugins that are asked about one task, and for one prioritiser at most.
BUDGET = 8.0
PRIORITISER_DEADLINE = 3.0
#: Less than this is not worth a call.
_SHORTEST = 0.2
#: Relative to the rules' 1.0, until a model has shown what it is worth.
PRIOR_WEIGHT = 0.5
#: Judged fields that a reason of a plugin may speak of.
_FIELDS = frozenset(
    {"title", "description", "due_date", "due_at", "start_date", "estimate_minutes", "labels", "project", "parent"}
)
_NOT_ALLOWED = "the project does not let its tasks leave this instance (remote_models_allowed is off)"


@dataclass(frozen=True, slots=True)
class Question:
    """One task, for one person in the IANA zone `timezone`; `examples` are decisions that may be quoted to a model."""

    task: UUID
    facts: TaskFacts
    examples: tuple[Example, ...]
    timezone: str
    #: Whether the project lets its tasks leave this instance.
    remote_allowed: bool


def are_asked(runner: Runner | None) -> bool:
    """Whether any plugin has a say."""
    return runner is not None and any(runner.plugins(kind) for kind in (Kind.LLM_PROVIDER, Kind.PRIORITISER))


def quotable(examples: Sequence[Example], facts: TaskFacts) -> tuple[Example, ...]:
    """The person's own decisions in the task's project, newest first: nothing else is told to a model."""
    own = [found for found in examples if found.mine and not found.refused and found.facts.project == facts.project]
    return tuple(sorted(own, key=lambda found: found.decided_at, reverse=True)[:MOST_EXAMPLES])


def gather_signals(runner: Runner, question: Question) -> list[Signal]:
    """A signal of each plugin that has a say, in their order; never raises for what they do."""
    ends = time.monotonic() + BUDGET
    signals = []
    providers = {plugin.slug: plugin for plugin in runner.plugins(Kind.LLM_PROVIDER)}
    if providers:
        board = read_board()
        chosen = pick(board, list(providers))
        if chosen is not None:
            model = board.provider_model or None
            signals.append(
                _ask(providers[chosen], question, ends, _completion(runner, providers[chosen], question, model))
            )
    for plugin in runner.plugins(Kind.PRIORITISER):
        signals += _ask_prioritisers(runner, plugin, question, ends)
    return signals


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
    except (CallFailed, BadAnswer) as failure:
        signal = Signal(source="model", error=str(failure)[:300])
    provider = plugin.provider if signal.provider == "builtin" else signal.provider
    return replace(signal, provider=provider, latency_ms=(time.monotonic() - began) * 1000)


def _completion(
    runner: Runner, plugin: EnabledPlugin, question: Question, model: str | None
) -> Callable[[float], Signal]:
    def call(left: float) -> Signal:
        decided = [(found.facts.title, found.level) for found in question.examples]
        asked = Asked(facts=question.facts, decided=decided, now=ports.now(), timezone=question.timezone)
        prompt = build_prompt(asked, model=model, words=plugin.able)
        answer = runner.complete(plugin.slug, prompt, deadline=left)
        return Signal(
            source="model",
            model=answer.model or None,
            probabilities=read_answer(answer.text).probabilities,
            weight=PRIOR_WEIGHT,
            prompt_version=PROMPT_VERSION,
        )

    return call


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
        signal = _ask(plugin, question, ends, _opinion(runner, plugin.slug, name, provider, question))
        if signal.error is not None or signal.probabilities is not None:
            found.append(signal)
    return found


def _opinion(runner: Runner, slug: str, name: str, provider: str, question: Question) -> Callable[[float], Signal]:
    def call(left: float) -> Signal:
        request = PriorityRequest(
            task=_view(question.task, question.facts),
            now=ports.now(),
            timezone=question.timezone,
            examples=tuple(ExampleView(title=found.facts.title, priority=found.level) for found in question.examples),
        )
        opinion = runner.prioritise(slug, name, request, deadline=min(left, PRIORITISER_DEADLINE))
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
        model=opinion.model or None,
        probabilities=dict(opinion.probabilities),
        reasons=reasons,
        weight=PRIOR_WEIGHT,
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
