"""Dates of the filter language: how they are written, and what they mean at a moment in a time zone."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from dateutil.relativedelta import relativedelta

from taskflow.domain.filters.expressions import Base, Relative, Unit, When
from taskflow.domain.zones import EPOCH, local_date, start_of_day

FORMS = (
    "a date (2026-12-01), a time with its offset (2026-12-01T09:00Z), or now, today, tomorrow, yesterday, "
    "startofweek, endofweek, startofmonth, endofmonth, startofyear, endofyear, with or without +7d "
    "(units min, h, d, w, m, y; '-' for earlier)"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(_DAY.pattern + r"t[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(z|[+-][0-9]{2}:[0-9]{2})")
_RELATIVE = re.compile(rf"({'|'.join(Base)})(?:([+-])([0-9]{{1,9}})({'|'.join(Unit)}))?")
#: A hundred years: whatever the present, the date is one that databases hold.
_MOST = {
    Unit.MINUTE: 52_560_000,
    Unit.HOUR: 876_000,
    Unit.DAY: 36_500,
    Unit.WEEK: 5_200,
    Unit.MONTH: 1_200,
    Unit.YEAR: 100,
}


def parse_when(text: str) -> When:
    """The date that `text` writes, in any case; `ValueError` says what is wrong with it."""
    written = text.lower()
    if relative := _RELATIVE.fullmatch(written):
        return _relative(relative)
    if _DAY.fullmatch(written):
        return _in_range(_day(text))
    if _INSTANT.fullmatch(written):
        _day(text[:10])
        try:
            moment = datetime.fromisoformat(text.upper())
        except ValueError as error:
            raise ValueError(f"There is no time {text!r}.") from error
        _in_range(moment.date())
        return moment.astimezone(UTC)
    raise ValueError(f"{text[:50]!r} is no date. Give {FORMS}.")


def _relative(match: re.Match[str]) -> Relative:
    base, sign, digits, unit = match.groups()
    if unit is None:
        return Relative(Base(base))
    amount, counted = int(digits), Unit(unit)
    if amount > _MOST[counted]:
        raise ValueError(f"That is more than a hundred years away. Give at most {_MOST[counted]}{unit}.")
    return Relative(Base(base), -amount if sign == "-" else amount, counted)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise ValueError(f"There is no day {text!r} in the calendar.") from error


def _in_range(day: date) -> date:
    if not 1900 <= day.year <= 9998:
        raise ValueError("The year must be between 1900 and 9998.")
    return day


def resolve(when: When, now: datetime, zone: tzinfo) -> date | datetime:
    """The day or the instant (UTC) that `when` means to somebody in `zone` at `now`.

    Days, weeks, months and years keep the clock's time over a clock change; a month that is too short gives its last
    day. Minutes and hours are elapsed time.
    """
    if not isinstance(when, Relative):
        return when
    if when.base is Base.NOW:
        return _later(now.astimezone(UTC), when, zone)
    day = _base_day(when.base, local_date(now, zone))
    if when.unit in {Unit.MINUTE, Unit.HOUR}:
        return _later(day_start(day, zone), when, zone)
    return day + _span(when)


def _later(moment: datetime, when: Relative, zone: tzinfo) -> datetime:
    if when.unit in {Unit.MINUTE, Unit.HOUR}:
        return moment + _span(when)
    return (moment.astimezone(zone) + _span(when)).astimezone(UTC)


def _span(when: Relative) -> relativedelta:
    match when.unit:
        case None:
            return relativedelta()
        case Unit.MINUTE:
            return relativedelta(minutes=when.amount)
        case Unit.HOUR:
            return relativedelta(hours=when.amount)
        case Unit.DAY:
            return relativedelta(days=when.amount)
        case Unit.WEEK:
            return relativedelta(weeks=when.amount)
        case Unit.MONTH:
            return relativedelta(months=when.amount)
        case Unit.YEAR:
            return relativedelta(years=when.amount)


def _base_day(base: Base, today: date) -> date:
    """Weeks begin on Monday (ISO 8601) and end on Sunday."""
    match base:
        case Base.TOMORROW:
            return today + timedelta(days=1)
        case Base.YESTERDAY:
            return today - timedelta(days=1)
        case Base.START_OF_WEEK:
            return today - timedelta(days=today.weekday())
        case Base.END_OF_WEEK:
            return today + timedelta(days=6 - today.weekday())
        case Base.START_OF_MONTH:
            return today.replace(day=1)
        case Base.END_OF_MONTH:
            return today + relativedelta(day=31)
        case Base.START_OF_YEAR:
            return today.replace(month=1, day=1)
        case Base.END_OF_YEAR:
            return today.replace(month=12, day=31)
        case _:
            return today


def day_start(day: date, zone: tzinfo) -> datetime:
    """The instant (UTC) at which `day` begins in `zone`."""
    return (EPOCH + timedelta(seconds=start_of_day(day, zone))).replace(tzinfo=UTC)
