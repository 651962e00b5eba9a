"""When a recurring task comes next.

Two bases: `due` counts from the old due date and never gives a day that is not after today, so that a task that lay
about for weeks comes once and not once a week; `completion` counts from the day on which it was done. A task with no
due date counts from that day either way. Days are those of the zone that the task lives in. A timed task keeps its time
on the wall: 09:00 stays 09:00 when the clocks change.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from taskflow.domain.recurrence_days import LAST_YEAR, first_after, is_fulfillable
from taskflow.domain.rrule import LONGEST, Rule, read_rule, wrong_rule
from taskflow.domain.zones import local_date

__all__ = ["LONGEST", "Basis", "Due", "Occurrence", "next_occurrence", "parse_rule", "shift_day", "shift_instant"]


class Basis(StrEnum):
    """What the next occurrence is counted from."""

    DUE = "due"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: on a day, at an instant (aware UTC), or not at all.

    `day` and `clock` are what the rule wanted where the calendar had it not: the 31st of a month of 30 days, 02:30 in a
    night that skips it. None where it got what it wanted.
    """

    on: date | None = None
    at: datetime | None = None
    day: int | None = None
    clock: time | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """When the next task of a series is due, how many days that is after the last one, and the rule it goes on with."""

    due: Due
    days: int
    rule: str


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> Rule:
    """Reads a rule (RFC 5545), with or without `RRULE:`, in any case.

    `Invalid` names the field `recurrence` and the remedy; a rule that no calendar ever fulfils is refused as well.
    """
    rule = read_rule(text)
    if not is_fulfillable(rule):
        raise wrong_rule("never", f"No day ever fulfils {rule.text}. Change its BY… parts.")
    return rule


def next_occurrence(text: str, basis: Basis, due: Due, *, completed_at: datetime, zone: tzinfo) -> Occurrence | None:
    """The occurrence after the one that was due at `due` and done at `completed_at`; None when the series has ended."""
    rule = parse_rule(text)
    if rule.count == 1:
        return None
    today = local_date(completed_at, zone)
    old = due.on if due.at is None else local_date(due.at, zone)
    if old is None or basis is Basis.COMPLETION:
        start, after, wanted = today, today, None
    else:
        start, after, wanted = old, max(old, today), due.day
    day = first_after(rule, start, after, day=wanted)
    if day is None and rule.interval > 1:
        # "Every 7 days, on Mondays" from a Tuesday meets no Monday. The first one there is puts the series on its feet.
        day = first_after(replace(rule, interval=1), start, after, day=wanted)
    if day is None:
        return None
    found = _due_on(rule, day, due, start.day if wanted is None else wanted, zone)
    return (
        None
        if _is_over(rule, day, found.at, zone)
        else Occurrence(found, (day - (old or today)).days, rule.after_one())
    )


def _due_on(rule: Rule, day: date, old: Due, wanted: int, zone: tzinfo) -> Due:
    missed = wanted if rule.follows_start and day.day != wanted else None
    if old.at is None:
        return Due(on=day, day=missed)
    clock = old.clock or old.at.astimezone(zone).time()
    # A time that the clocks skip is read as if they had not been put forward yet (02:30 becomes 03:30), of a time that
    # comes twice the first is taken (PEP 495, fold 0).
    at = datetime.combine(day, clock.replace(fold=0), zone).astimezone(UTC)
    skipped = at.astimezone(zone).time() != clock.replace(fold=0)
    return Due(at=at, day=missed, clock=clock.replace(fold=0) if skipped else None)


def _is_over(rule: Rule, day: date, at: datetime | None, zone: tzinfo) -> bool:
    """Whether what is due on `day`, or `at` an instant of it, comes after UNTIL."""
    until = rule.until
    if until is None:
        return False
    if not isinstance(until, datetime):
        return day > until
    if at is None:
        return day > (until if until.tzinfo is None else until.astimezone(zone)).date()
    return at > until if until.tzinfo is not None else at.astimezone(zone).replace(tzinfo=None) > until


def shift_day(day: date | None, days: int) -> date | None:
    """The same day so many days on; None for none, or beyond the calendar."""
    try:
        moved = None if day is None else day + timedelta(days=days)
    except OverflowError:
        return None
    return moved if moved is not None and moved.year <= LAST_YEAR else None


def shift_instant(at: datetime | None, days: int, zone: tzinfo) -> datetime | None:
    """The same time on the wall of `zone` so many days on; None for none, or beyond the calendar."""
    if at is None:
        return None
    local = at.astimezone(zone)
    day = shift_day(local.date(), days)
    return None if day is None else datetime.combine(day, local.time().replace(fold=0), zone).astimezone(UTC)
