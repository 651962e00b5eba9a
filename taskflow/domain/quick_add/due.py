"""From what a line says about time to the fields of a task."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from taskflow.domain.quick_add.clocks import Clock
from taskflow.domain.quick_add.days import Day, plus
from taskflow.domain.quick_add.lengths import MOST_ESTIMATE
from taskflow.domain.quick_add.repeats import Repeat
from taskflow.domain.quick_add.vocabulary import PARTS
from taskflow.domain.quick_add.when import When
from taskflow.domain.zones import local_date, seconds_since_epoch

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}


def due_fields(when: When, *, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """The fields, by their names in the API. `ValueError` or `OverflowError` beyond the end of the calendar."""
    fields: dict[str, Any] = {}
    today = local_date(now, zone)
    start = when.start.resolve(today) if when.start else None
    if when.estimate is not None:
        fields["estimate_minutes"] = when.estimate
    if when.remind_before is not None:
        fields["reminders"] = [{"minutes_before": when.remind_before}]
    if start is not None and when.repeat is None:
        fields["start_date"] = start
    if when.ahead is not None:
        fields["due_at"] = _to_the_minute(now + timedelta(minutes=when.ahead))
        return fields
    clock = _clock_of(when)
    day = None if when.day is None else _day_of(when.day, today, start)
    if when.repeat is not None:
        day = _first(when.repeat, start or day or today, clock, now=now, zone=zone)
        repeat = _with_end(when, day, today)
        fields["recurrence"] = repeat.rule()
        if repeat.completion:
            fields["recurrence_basis"] = "completion"
    if clock is None:
        if day is not None:
            fields["due_date"] = day
        return fields
    if day is None:
        day = _next_day(clock, today, when, now=now, zone=zone)
    moment = at(day, clock, zone)
    if when.clock is None and when.today and when.day is None and moment <= now:
        # This evening, said late in the evening.
        return fields | {"due_date": day}
    fields["due_at"] = moment
    if clock.until is not None and when.estimate is None:
        fields["estimate_minutes"] = _length(day, clock, moment, zone)
    return fields


def at(day: date, clock: Clock, zone: tzinfo) -> datetime:
    """The UTC instant of a time on a day; where the clock skips it, as much later as is skipped."""
    days, hour = divmod(clock.hour, 24)
    wall = datetime.combine(day + timedelta(days=days), datetime.min.time(), clock.zone or zone)
    return wall.replace(hour=hour, minute=clock.minute).astimezone(UTC)


def _to_the_minute(moment: datetime) -> datetime:
    return (moment + timedelta(seconds=30)).replace(second=0, microsecond=0).astimezone(UTC)


def _clock_of(when: When) -> Clock | None:
    """The time of day, set right by the part of the day that was named."""
    clock = when.clock
    if clock is None:
        hour = PARTS[when.part] if when.part else when.repeat.hour if when.repeat else None
        return None if hour is None else Clock(0, 0, hour, 0, sure=True)
    late = when.part in ("afternoon", "evening", "night") or bool(when.repeat and (when.repeat.hour or 0) > 12)
    if clock.sure:
        return clock
    if late and clock.hour <= 12:
        noon = clock.hour == 12 and when.part != "afternoon"
        return replace(clock, hour=24 if noon else clock.hour % 12 + 12)
    return replace(clock, hour=clock.hour + 12) if clock.bare and 1 <= clock.hour <= 6 and when.part is None else clock


def _day_of(day: Day, today: date, start: date | None) -> date:
    """The day; a weekday after a start is the next one after it."""
    found = day.resolve(today)
    return day.resolve(start) if start and day.floating and found < start else found


def _next_day(clock: Clock, today: date, when: When, *, now: datetime, zone: tzinfo) -> date:
    """Today, or tomorrow where the time is over today; in the zone that the time was written for."""
    if when.today:
        return today
    here = local_date(now, clock.zone) if clock.zone else today
    return here if at(here, clock, zone) > now else here + timedelta(days=1)


def _first(repeat: Repeat, anchor: date, clock: Clock | None, *, now: datetime, zone: tzinfo) -> date:
    day = repeat.first(anchor)
    if clock is not None and at(day, clock, zone) <= now:
        return repeat.first(max(day, local_date(now, zone)) + timedelta(days=1))
    return day


def _with_end(when: When, first: date, today: date) -> Repeat:
    assert when.repeat is not None  # noqa: S101 - the caller asked
    repeat = when.repeat
    if when.repeat_until is not None:
        last = when.repeat_until.resolve(max(first, today))
        return replace(repeat, until=max(first, last))
    if when.repeat_for is None:
        return repeat
    count, unit = when.repeat_for
    if unit == "time" or (
        unit == _UNITS[repeat.frequency] and len(repeat.weekdays) <= 1 and len(repeat.month_days) <= 1
    ):
        return replace(repeat, count=count if unit == "time" else max(1, -(-count // repeat.interval)))
    return replace(repeat, until=plus(first, count, unit) - timedelta(days=1))


def _length(day: date, clock: Clock, begin: datetime, zone: tzinfo) -> int:
    """Minutes that really pass: an hour fewer or more in the night when the clocks change."""
    assert clock.until is not None  # noqa: S101 - the caller asked
    hour, minute = clock.until
    over_midnight = (hour, minute) <= (clock.hour, clock.minute)
    last = day + timedelta(days=1) if over_midnight else day
    end = at(last, replace(clock, hour=hour, minute=minute, until=None), zone)
    minutes = round((seconds_since_epoch(end) - seconds_since_epoch(begin)) / 60)
    return min(minutes if minutes > 0 else clock.length or 0, MOST_ESTIMATE)
