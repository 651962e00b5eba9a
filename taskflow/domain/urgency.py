"""Urgency: a score from 0 to 100 out of named factors that add up to it. `docs/urgency.md` explains the model.

The shape is Taskwarrior's, a sum of weighted terms; the due curve, the gates and the inheritance are TaskFlow's own.
All of it is arithmetic on what is handed in: no clock, no database.
"""

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Final, TypeVar

from taskflow.domain.priority import ORDER, Priority
from taskflow.domain.urgency_weights import Weights
from taskflow.domain.zones import end_of_day, load_zone, local_date, seconds_since_epoch, start_of_day

#: Contributions are multiples of 1/16: binary fractions, which add up exactly in any order, also as JSON numbers.
UNITS: Final = 16
#: What the due curve has reached at the very moment a task is due; being overdue adds the rest.
VALUE_WHEN_DUE: Final = 0.75
DAY: Final = 86_400.0
HOUR: Final = 3_600.0
CLOSED: Final = {"done": "Done", "cancelled": "Cancelled"}
#: Outweighs the error of binary floats before a number is cut down, so that 30 x 1 is 30 and not 29.9375.
TINY: Final = 1e-7

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyInput:
    """What the score of one task is made of. Datetimes are aware; if both due fields are given, `due_at` counts."""

    created_at: datetime
    priority: Priority = Priority.NONE
    #: `todo`, `in_progress`, `done` or `cancelled`.
    status: str = "todo"
    due_date: date | None = None
    due_at: datetime | None = None
    start_date: date | None = None
    #: How many open tasks this one waits for, and how many open tasks wait for it.
    open_blockers: int = 0
    open_dependents: int = 0
    #: The highest score, before gates, among the open tasks that wait for this one; None if there is none.
    inherited: float | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """One term: `contribution` is `value` (0 to 1) times `weight` (points), cut towards 0 to a multiple of 1/16."""

    code: str
    label: str
    value: float
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Urgency:
    """A score from 0 to 100, the moment it holds for, and the factors whose contributions are exactly its sum."""

    score: float
    as_of: datetime
    factors: tuple[Factor, ...]

    @property
    def ungated(self) -> float:
        """The score before gates: what the tasks that this one waits for inherit."""
        return sum(factor.contribution for factor in self.factors if factor.contribution > 0)


def compute_urgency(task: UrgencyInput, weights: Weights, *, now: datetime, timezone: str) -> Urgency:
    """The urgency of one task at `now` (aware), all-day dates being days of the IANA zone `timezone`.

    Defined for every date from year 1 to 9999; an unknown zone counts as UTC. `ValueError` for a naive datetime.
    """
    clock = seconds_since_epoch(now)
    if task.status in CLOSED:
        return Urgency(0.0, now, (Factor("closed", f"{CLOSED[task.status]}: nothing is left to do", 1.0, 0.0, 0.0),))
    zone = load_zone(timezone)
    factors = [
        _due_factor(task, weights, clock, local_date(now, zone), zone),
        _priority_factor(task, weights),
        _blocking_factor(task, weights),
        _age_factor(task, weights, clock),
        _active_factor(task, weights),
    ]
    factors += _inherited_factor(task, weights, _sum(factors))
    if task.open_blockers > 0:
        factors.append(
            _gate("blocked", f"Waits for {_count(task.open_blockers, 'open task')}", weights.blocked_share, factors)
        )
    if task.start_date is not None and clock < start_of_day(task.start_date, zone):
        factors.append(
            _gate("not_started", f"Starts on {task.start_date.isoformat()}", weights.not_started_share, factors)
        )
    return Urgency(_sum(factors), now, tuple(factors))


@dataclass(frozen=True, slots=True)
class UrgencyNode:
    """A task of a dependency graph, with its project's weights and the zone that its all-day dates are in."""

    task: UrgencyInput
    weights: Weights
    timezone: str = "UTC"


def propagate(
    nodes: Mapping[Key, UrgencyNode], blocks: Iterable[tuple[Key, Key]], *, now: datetime
) -> dict[Key, Urgency]:
    """The urgency of every node, inheriting along whole chains of `blocks`, which are pairs (blocker, blocked).

    `open_blockers`, `open_dependents` and `inherited` of the inputs are replaced by what the graph says, so hand in
    whole connected components. Pairs with a closed or unknown end, of a task with itself, and repeated ones do not
    count. Takes time in O(nodes + pairs). A cycle, which use cases refuse to store, is cut at the pair that closes it
    when it is walked from its first node.
    """
    blocked_by: dict[Key, set[Key]] = {key: set() for key in nodes}
    dependents: dict[Key, dict[Key, None]] = {key: {} for key in nodes}
    open_keys = {key for key, node in nodes.items() if node.task.status not in CLOSED}
    for blocker, blocked in blocks:
        if blocker in open_keys and blocked in open_keys and blocker != blocked:
            blocked_by[blocked].add(blocker)
            dependents[blocker][blocked] = None
    urgencies: dict[Key, Urgency] = {}
    for key in _dependents_first(dependents):
        node = nodes[key]
        scores = [urgencies[dependent].ungated for dependent in dependents[key] if dependent in urgencies]
        task = replace(
            node.task,
            open_blockers=len(blocked_by[key]),
            open_dependents=len(dependents[key]),
            inherited=max(scores, default=None),
        )
        urgencies[key] = compute_urgency(task, node.weights, now=now, timezone=node.timezone)
    return {key: urgencies[key] for key in nodes}


def due_value(days_left: float, weights: Weights) -> float:
    """The due curve: 0 (far away) over 0.75 (due now) towards 1 (long overdue), ever rising, without a jump."""
    if days_left >= 0:
        return VALUE_WHEN_DUE * (1 - saturate(days_left, weights.due_half_days))
    return VALUE_WHEN_DUE + (1 - VALUE_WHEN_DUE) * saturate(-days_left, weights.overdue_half_days)


def saturate(amount: float, half: float) -> float:
    """`amount` / (`amount` + `half`): 0 at 0, one half at `half`, ever rising below 1; 0 for a negative amount."""
    # Written so that each rounded operation is monotone, and therefore the result.
    return 1 / (1 + half / amount) if amount > 0 else 0.0


def _due_factor(task: UrgencyInput, weights: Weights, clock: float, today: date, zone: tzinfo) -> Factor:
    if task.due_at is not None:
        seconds = seconds_since_epoch(task.due_at) - clock
        label = f"Due in {_span(seconds)}" if seconds >= 0 else f"Overdue by {_span(-seconds)}"
    elif task.due_date is not None:
        seconds = end_of_day(task.due_date, zone) - clock
        label = _day_label((task.due_date - today).days)
    else:
        return _factor("due", "No due date", 0.0, weights, weights.due)
    return _factor("due", label, due_value(seconds / DAY, weights), weights, weights.due)


def _priority_factor(task: UrgencyInput, weights: Weights) -> Factor:
    label = "No priority" if task.priority is Priority.NONE else f"Priority {task.priority.value}"
    return _factor("priority", label, task.priority.rank / (len(ORDER) - 1), weights, weights.priority)


def _blocking_factor(task: UrgencyInput, weights: Weights) -> Factor:
    count = max(0, task.open_dependents)
    label = f"{_count(count, 'open task')} wait{'s' if count == 1 else ''} for this one" if count else "Blocks nothing"
    return _factor("blocking", label, saturate(count, 1), weights, weights.blocking)


def _age_factor(task: UrgencyInput, weights: Weights, clock: float) -> Factor:
    seconds = clock - seconds_since_epoch(task.created_at)
    label = f"Created {_span(max(0.0, seconds))} ago"
    return _factor("age", label, saturate(seconds / DAY, weights.age_half_days), weights, weights.age)


def _active_factor(task: UrgencyInput, weights: Weights) -> Factor:
    active = task.status == "in_progress"
    return _factor("active", "In progress" if active else "Not in progress", float(active), weights, weights.active)


def _factor(code: str, label: str, value: float, weights: Weights, weight: float) -> Factor:
    """A weighted term. Value and weight are cut to 4 decimals first, so that a client can repeat the product."""
    value = math.floor(value * 10_000 + TINY) / 10_000
    points = math.floor(weight / weights.total * 1_000_000 + TINY) / 10_000
    return Factor(code, label, value, points, math.floor(value * points * UNITS + TINY) / UNITS)


def _inherited_factor(task: UrgencyInput, weights: Weights, own: float) -> list[Factor]:
    """What lifts a task to the granted share of the most urgent one that waits for it; nothing if it is there."""
    if task.inherited is None:
        return []
    granted = math.floor(weights.inheritance * min(100.0, task.inherited) * UNITS + TINY) / UNITS
    if granted <= own:
        return []
    missing = granted - own
    return [Factor("inherited", f"A task of urgency {task.inherited:g} waits for it", missing / 100, 100.0, missing)]


def _gate(code: str, label: str, share: float, factors: list[Factor]) -> Factor:
    """The term that takes away all but `share` of the sum so far."""
    total = _sum(factors)
    value = math.floor((1 - share) * 10_000 + TINY) / 10_000
    return Factor(code, label, value, 0.0 - total, 0.0 - math.floor(value * total * UNITS + TINY) / UNITS)


def _sum(factors: list[Factor]) -> float:
    """Exact in floats: every contribution is a small multiple of 1/16."""
    return sum(factor.contribution for factor in factors) + 0.0


def _dependents_first(dependents: Mapping[Key, Iterable[Key]]) -> Iterable[Key]:
    """Every key, each after the keys that wait for it (depth first, without recursion); cycles are cut."""
    seen: set[Key] = set()
    for root in dependents:
        if root in seen:
            continue
        seen.add(root)
        path = [(root, iter(dependents[root]))]
        while path:
            key, rest = path[-1]
            child = next((child for child in rest if child not in seen), None)
            if child is None:
                path.pop()
                yield key
            else:
                seen.add(child)
                path.append((child, iter(dependents[child])))


def _day_label(days: int) -> str:
    if days < 0:
        return f"Overdue by {_count(-days, 'day')}"
    return ("Due today", "Due tomorrow")[days] if days < 2 else f"Due in {days} days"


def _span(seconds: float) -> str:
    """A length of time in its largest whole unit."""
    if seconds >= DAY:
        return _count(int(seconds // DAY), "day")
    return _count(int(seconds // HOUR), "hour") if seconds >= HOUR else _count(int(seconds // 60), "minute")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
