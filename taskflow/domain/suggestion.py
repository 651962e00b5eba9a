"""A priority suggestion: what a signal is, and how several signals become one piece of advice.

A *signal* is one opinion about one task: the rules, what was decided before, a language model. `combine` pools the
opinions linearly, P(level) = sum of share x P(level | signal), a signal's share being its weight over the sum of the
weights. A linear pool (Stone 1961, "The opinion pool") is never more certain than its most certain member, which keeps
one overconfident signal in check.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level

Source = Literal["rules", "learned", "model", "blend"]

#: A signal with less than this share of the weight did not really contribute.
CONTRIBUTING_SHARE = 0.05
#: How many reasons one piece of advice shows.
MAX_REASONS = 12
#: Probabilities are published in units of 1/10,000, so that four decimals sum to 1.
UNITS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that weighed.

    `code` is stable for programs, `text` is for people, `field` names the judged field it rests on. `contribution` is
    signed, on the levels' scale (+1 = one level up), where the signal can say it. `cites` holds the words of that
    field that the reason quotes: a reason whose words are not there is dropped.
    """

    code: str
    text: str
    field: str
    contribution: float | None = None
    cites: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One prioritiser's opinion; `probabilities` is None when it has none, and `error` then says why.

    `weight` (≥ 0) is relative to the rules' 1.0 and follows how well the signal has predicted this person's decisions
    so far.
    """

    source: Literal["rules", "learned", "model"]
    provider: str = "builtin"
    model: str | None = None
    probabilities: Mapping[Level, float] | None = None
    reasons: tuple[Reason, ...] = ()
    weight: float = 0.0
    latency_ms: float = 0.0
    error: str | None = None
    #: Where contributions start: `base` and all of them add up to the opinion on the levels' scale (0 low, 3 urgent).
    base: float | None = None
    #: Of the prompt that a language model answered; empty for all others.
    prompt_version: str = ""
    #: What a plugin itself said, where `probabilities` are what its record makes of that.
    raw: Mapping[Level, float] | None = None
    #: Whether somebody vouches for it before it has a record.
    able: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is proposed: `probabilities` has the four levels in order and sums to 1, `confidence` is its largest value.

    `signals` are all that were asked, each with its share of the decision as `weight` (those left out: 0).
    """

    suggested_priority: Level
    confidence: float
    probabilities: Mapping[Level, float]
    reasons: tuple[Reason, ...]
    signals: tuple[Signal, ...]
    source: Source
    provider: str
    model: str | None


def combine(signals: Sequence[Signal], facts: TaskFacts) -> Advice:
    """Pool `signals` about the task of `facts` into one piece of advice.

    A signal that failed or has no opinion is left out and stays named among `signals`. `ValueError` when none is
    usable: the rules always are, so the caller forgot them.
    """
    usable = [signal for signal in signals if is_usable(signal)]
    total = math.fsum(signal.weight for signal in usable)
    if not usable:
        raise ValueError("no usable signal: the rules signal must be among them")
    shares = [signal.weight / total for signal in usable]
    pooled = pool(usable, shares)
    rounded = round_to_one(pooled)
    best = max(LEVELS, key=lambda level: (rounded[level], LEVELS.index(level)))
    contributing = [
        (signal, share) for signal, share in zip(usable, shares, strict=True) if share >= CONTRIBUTING_SHARE
    ]
    leader = max(contributing, key=lambda pair: pair[1])[0]
    asked = iter(shares)
    return Advice(
        suggested_priority=best,
        confidence=rounded[best],
        probabilities=rounded,
        reasons=choose_reasons(contributing, facts),
        signals=tuple(replace(s, weight=round(next(asked), 4) if is_usable(s) else 0.0) for s in signals),
        source=leader.source if len(contributing) == 1 else "blend",
        provider=leader.provider,
        model=leader.model,
    )


def is_usable(signal: Signal) -> bool:
    """Whether the signal has a proper distribution over the four levels, a positive weight and no error."""
    if signal.error is not None or signal.probabilities is None or not 0 < signal.weight < math.inf:
        return False
    values = [signal.probabilities.get(level, math.nan) for level in LEVELS]
    return all(math.isfinite(value) and value >= 0 for value in values) and abs(math.fsum(values) - 1) < 0.01


def pool(signals: Sequence[Signal], shares: Sequence[float]) -> dict[Level, float]:
    """The linear opinion pool of usable signals, renormalised; `shares` sum to 1."""
    pooled: dict[Level, float] = dict.fromkeys(LEVELS, 0.0)
    for signal, share in zip(signals, shares, strict=True):
        for level, value in (signal.probabilities or {}).items():
            pooled[level] += share * value
    total = math.fsum(pooled.values())
    return {level: value / total for level, value in pooled.items()}


def round_to_one(probabilities: Mapping[Level, float]) -> dict[Level, float]:
    """`probabilities` in four decimals that sum to 1, by largest remainder: the order of the levels by probability is
    kept."""
    scaled = {level: probabilities[level] * UNITS for level in LEVELS}
    units = {level: math.floor(value) for level, value in scaled.items()}
    missing = UNITS - sum(units.values())
    by_remainder = sorted(LEVELS, key=lambda level: (scaled[level] - units[level], scaled[level]), reverse=True)
    for level in by_remainder[:missing]:
        units[level] += 1
    return {level: units[level] / UNITS for level in LEVELS}


def choose_reasons(contributing: Sequence[tuple[Signal, float]], facts: TaskFacts) -> tuple[Reason, ...]:
    """The true reasons of the contributing signals, the heaviest first, each text once, at most `MAX_REASONS`."""
    ranked = [
        (share * (abs(reason.contribution) if reason.contribution is not None else 1.0), reason)
        for signal, share in contributing
        for reason in signal.reasons
        if is_true_of(reason, facts)
    ]
    ranked.sort(key=lambda pair: -pair[0])
    unique = {reason.text: reason for _, reason in ranked}
    return tuple(unique.values())[:MAX_REASONS] or (fallback_reason(facts),)


def is_true_of(reason: Reason, facts: TaskFacts) -> bool:
    """Whether the words that a reason cites stand in the field that it names; a reason that cites nothing is taken at
    its word."""
    if reason.cites is None:
        return True
    return reason.cites.casefold() in field_text(facts, reason.field).casefold()


def field_text(facts: TaskFacts, field: str) -> str:
    """The words of a judged field, empty for fields that hold no words."""
    match field:
        case "title" | "description" | "project":
            return str(getattr(facts, field))
        case "labels":
            return "\n".join(facts.labels)
        case "parent":
            return facts.parent or ""
        case _:
            return ""


def fallback_reason(facts: TaskFacts) -> Reason:
    """The reason that is left when no other held: whether there is a due date."""
    if facts.due_at is None and facts.due_date is None:
        return Reason(code="no_due_date", text="has no due date", field="due_date")
    moment = facts.due_date or facts.due_at
    return Reason(code="due", text=f"due {moment:%Y-%m-%d}", field="due_at" if facts.due_at else "due_date")
