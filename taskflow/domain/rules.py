"""The rules signal: a priority from a task's own facts, with no history, no network and no state.

The arithmetic, on the levels' scale (0 low, 1 medium, 2 high, 3 urgent):

    score     = BASE + the sum of the factors' contributions
    P(≥ k)    = 1 / (1 + exp(-(score - (k - 1/2)) / SPREAD))          k = 1, 2, 3

that is the proportional-odds model of McCullagh (1980) with its thresholds half way between the levels. Every factor
is a reason with its contribution, so the reasons add up to the score less BASE. The weights are set by hand from
general knowledge and rounded after a look at the residuals on the lists in bench/data/tuning (see docs/quality.md).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import chain, islice, pairwise
from time import perf_counter

from taskflow.domain.cues import find_cues, strongest
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.suggestion import Reason, Signal
from taskflow.domain.zones import load_zone

#: Where a task with nothing to say for itself stands: a little above medium, before the missing due date is taken off.
BASE = 1.05
#: How softly the levels pass into each other; larger is less certain.
SPREAD = 0.42

#: Hours left → contribution of a due date; linear between the points, constant beyond them.
DUE_CURVE = (
    (-336.0, 0.6),
    (-24.0, 1.0),
    (0.0, 1.1),
    (6.0, 0.95),
    (24.0, 0.65),
    (48.0, 0.45),
    (96.0, 0.25),
    (168.0, 0.1),
    (336.0, -0.05),
)
DUE_CURVE_FAR = ((720.0, -0.15), (2160.0, -0.35))
#: Undated: nobody has placed it in time, unless a description or a pressing cue says what is going on.
NO_DUE_DATE = -0.45
NO_DUE_DATE_EXPLAINED = 0.15
#: A cue that presses by itself contributes at least this.
PRESSING = 0.5
#: Words in title and description → contribution: people write down more about what matters to them.
DETAIL_CURVE = ((2.0, -0.4), (4.0, -0.25), (7.0, 0.0), (10.0, 0.25), (16.0, 0.4), (24.0, 0.45))
#: A clock time is a commitment to somebody: it counts within two days.
TIMED_BONUS = 0.15
TIMED_BONUS_HOURS = 48.0
#: A start date that has not come yet, by days until it.
NOT_YET = ((0.0, 0.0), (2.0, -0.3), (14.0, -0.8))
#: What a cue counts for, by the field where it stands.
FIELD_SHARE = {"title": 1.0, "labels": 0.8, "description": 0.6, "project": 0.6, "parent": 0.4}
#: All cues together move the score by at most this, so that a long text does not outvote the calendar.
CUES_LIMIT = 1.9

#: Words that are counted at most; more change nothing.
WORDS_COUNTED = 24

_WORD = re.compile(r"\w+")
_SHOUTED = re.compile(r"\b[A-Z]{3,}\b")


@dataclass(frozen=True, slots=True)
class RuleScore:
    """The rules' answer in full: `score` = `BASE` + the sum of the factors' contributions."""

    score: float
    factors: tuple[Reason, ...]


def rules_signal(facts: TaskFacts, *, now: datetime, timezone: str) -> Signal:
    """The rules' opinion of a task at `now` (aware), for a person in the IANA zone `timezone`; never without an
    answer."""
    began = perf_counter()
    outcome = score_task(facts, now=now, timezone=timezone)
    return Signal(
        source="rules",
        probabilities=level_probabilities(outcome.score),
        reasons=outcome.factors,
        base=BASE,
        weight=1.0,
        latency_ms=(perf_counter() - began) * 1000,
    )


def score_task(facts: TaskFacts, *, now: datetime, timezone: str) -> RuleScore:
    """The score of a task and the factors that it is the sum of."""
    zone = load_zone(timezone)
    cues = tuple(cue_factors(facts))
    explained = bool(facts.description.strip()) or any((cue.contribution or 0.0) >= PRESSING for cue in cues)
    factors = (
        *due_factors(facts, now, zone, explained=explained),
        *start_factors(facts, now, zone),
        *detail_factors(facts),
        *cues,
        *punctuation_factors(facts),
        *dependency_factors(facts),
    )
    return RuleScore(BASE + math.fsum(factor.contribution or 0.0 for factor in factors), factors)


def level_probabilities(score: float, spread: float = SPREAD) -> dict[Level, float]:
    """The distribution over the four levels of a score on their scale; sums to 1."""
    above = [1.0, *(_logistic((score - (k - 0.5)) / spread) for k in (1, 2, 3)), 0.0]
    return {level: above[k] - above[k + 1] for k, level in enumerate(LEVELS)}


def due_moment(facts: TaskFacts, zone: tzinfo) -> datetime | None:
    """When the task is due: its clock time, or the end of its due day in `zone`; None without a due date."""
    if facts.due_at is not None:
        return facts.due_at
    if facts.due_date is None:
        return None
    return datetime.combine(facts.due_date, time(23, 59, 59), zone)


def due_factors(facts: TaskFacts, now: datetime, zone: tzinfo, *, explained: bool) -> Iterator[Reason]:
    """How near the due date is, and whether the work still fits before it; `explained` excuses a missing date."""
    due = due_moment(facts, zone)
    if due is None:
        value = NO_DUE_DATE_EXPLAINED if explained else NO_DUE_DATE
        yield Reason(code="no_due_date", text="has no due date", field="due_date", contribution=value)
        return
    field = "due_at" if facts.due_at is not None else "due_date"
    hours = (due - now).total_seconds() / 3600
    value = interpolate((*DUE_CURVE, *DUE_CURVE_FAR), hours)
    if facts.due_at is not None and hours <= TIMED_BONUS_HOURS:
        value += TIMED_BONUS
    code = "overdue" if hours < 0 else "due"
    yield Reason(code=code, text=describe_due(facts, due, now, zone), field=field, contribution=value)
    work = timedelta(minutes=min(facts.estimate_minutes or 0, 10**9))
    if work and hours > 0 and work >= 0.5 * (due - now):
        yield Reason(
            code="tight",
            text=f"needs {describe_span(work)} of the {describe_span(due - now)} left",
            field="estimate_minutes",
            contribution=0.4,
        )


def start_factors(facts: TaskFacts, now: datetime, zone: tzinfo) -> Iterator[Reason]:
    """A start date that lies ahead takes the hurry out."""
    if facts.start_date is None:
        return
    days = (facts.start_date - now.astimezone(zone).date()).days
    if days > 0:
        text = "starts tomorrow" if days == 1 else f"starts in {days} days"
        yield Reason(code="not_yet", text=text, field="start_date", contribution=interpolate(NOT_YET, days))


def detail_factors(facts: TaskFacts) -> Iterator[Reason]:
    """How much was written about the task."""
    words = chain(_WORD.finditer(facts.title), _WORD.finditer(facts.description))
    count = sum(1 for _ in islice(words, WORDS_COUNTED))
    value = interpolate(DETAIL_CURVE, count)
    if abs(value) < 0.05:
        return
    number = f"{count} word{'' if count == 1 else 's'}"
    text = f"is described in only {number}" if value < 0 else f"is described in {number}"
    if count == WORDS_COUNTED:
        text = f"is described in {number} or more"
    yield Reason(code="detail", text=text, field="description" if facts.description else "title", contribution=value)


def cue_factors(facts: TaskFacts) -> Iterator[Reason]:
    """The telling words, one factor a cue group, scaled down together when they exceed `CUES_LIMIT`."""
    best: dict[str, Reason] = {}
    for field, text in cue_texts(facts):
        for code, cue in strongest(find_cues(text)).items():
            weight = cue.group.weight * FIELD_SHARE[field] * (-0.5 if cue.negated else 1.0)
            if code not in best or abs(weight) > abs(best[code].contribution or 0.0):
                says = f"says not “{cue.words}”" if cue.negated else f"says “{cue.words}”"
                best[code] = Reason(code=code, text=says, field=field, contribution=weight, cites=cue.words)
    total = math.fsum(reason.contribution or 0.0 for reason in best.values())
    scale = min(1.0, CUES_LIMIT / abs(total)) if total else 1.0
    for reason in best.values():
        if not reason.contribution:
            continue
        yield Reason(
            code=reason.code,
            text=reason.text,
            field=reason.field,
            contribution=(reason.contribution or 0.0) * scale,
            cites=reason.cites,
        )


def cue_texts(facts: TaskFacts) -> Iterator[tuple[str, str]]:
    """The fields that hold words, with their text."""
    yield "title", facts.title
    yield "description", facts.description
    yield "project", facts.project
    for label in facts.labels:
        yield "labels", label
    if facts.parent:
        yield "parent", facts.parent


def punctuation_factors(facts: TaskFacts) -> Iterator[Reason]:
    """Exclamation marks and shouted words in the title."""
    marks = facts.title.count("!")
    if marks:
        text = "title has “!”" if marks == 1 else f"title has {marks} exclamation marks"
        yield Reason(code="exclamation", text=text, field="title", contribution=min(0.25 * marks, 0.75))
    shouted = _SHOUTED.findall(facts.title)
    if facts.title.isupper() and len(shouted) >= 2:
        yield Reason(code="capitals", text="title is in capitals", field="title", contribution=0.3)


def dependency_factors(facts: TaskFacts) -> Iterator[Reason]:
    """Tasks that wait for this one pull it up; tasks that it waits for hold it down."""
    if facts.open_dependents > 0:
        waits = "1 task waits" if facts.open_dependents == 1 else f"{facts.open_dependents} tasks wait"
        value = min(0.3 * math.log2(1 + facts.open_dependents), 0.9)
        yield Reason(code="dependents", text=f"{waits} for it", field="blocked_by", contribution=value)
    if facts.open_blockers > 0:
        tasks = "1 open task" if facts.open_blockers == 1 else f"{facts.open_blockers} open tasks"
        yield Reason(code="blocked", text=f"waits for {tasks}", field="blocked_by", contribution=-0.3)


def describe_due(facts: TaskFacts, due: datetime, now: datetime, zone: tzinfo) -> str:
    """The due date in words that are true at `now`: in whole days for an all-day date, in hours or minutes for a near
    clock time."""
    if facts.due_date is not None:
        return describe_day((facts.due_date - now.astimezone(zone).date()).days)
    left = due - now
    return f"overdue by {describe_span(-left)}" if left < timedelta(0) else f"due in {describe_span(left)}"


def describe_day(days: int) -> str:
    """How far away a due day is."""
    if days < 0:
        return f"overdue by {-days} day{'s' if days < -1 else ''}"
    return ("due today", "due tomorrow")[days] if days < 2 else f"due in {days} days"


def describe_span(span: timedelta) -> str:
    """A positive span, rounded down to minutes, hours (from 90 minutes) or days (from 36 hours)."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 90:
        count, unit = minutes, "minute"
    elif minutes < 36 * 60:
        count, unit = minutes // 60, "hour"
    else:
        count, unit = minutes // (24 * 60), "day"
    return f"{count} {unit}{'' if count == 1 else 's'}"


def interpolate(curve: tuple[tuple[float, float], ...], x: float) -> float:
    """The value at `x` of the line through the points of `curve` (ascending in x), constant beyond its ends."""
    if x <= curve[0][0]:
        return curve[0][1]
    for (left, low), (right, high) in pairwise(curve):
        if x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return curve[-1][1]


def local_day(moment: datetime, zone: tzinfo) -> date:
    """The calendar day of an aware moment in `zone`."""
    return moment.astimezone(zone).date()


def _logistic(x: float) -> float:
    """1 / (1 + e^-x) without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
