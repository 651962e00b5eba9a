"""Which days a recurrence rule names: periods (days, weeks, months or years) from a start, and the days in each.

Own code, not `dateutil.rrule`: that one walks to the year 9999 before it admits that a rule names no day, cannot be
told to stop, and skips the months that have no 31st. Where the two mean the same, the tests compare them.
"""

from calendar import isleap, monthrange
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from taskflow.domain.rrule import Rule

#: Years of the calendar that are searched for one occurrence: 29 February on one weekday comes within 40.
MOST_YEARS: Final = 100
#: Every kind of year is among these: leap or not, by its first weekday, with any neighbours.
_KINDS_OF_YEARS: Final = (date(2000, 1, 1), date(2027, 12, 31))
LAST_YEAR: Final = 9998


def first_after(rule: Rule, start: date, after: date, *, day: int | None = None) -> date | None:
    """The first day after `after` of the rule that counts its intervals from `start`; UNTIL and COUNT play no part.

    `day` (the start's own without it) is the day of the month on which a rule repeats that names no days itself; a
    month without that day gives its last one. None: there is no such day within 100 years.
    """
    wanted = start.day if day is None else day
    number = max(0, _periods_between(rule, start, after))
    last_year = min(max(start, after).year + MOST_YEARS, LAST_YEAR)
    while (period := _period(rule, start, number)) is not None and period[0].year <= last_year:
        for found in _days(rule, period, start, wanted):
            if found > after:
                return found if found.year <= LAST_YEAR else None
        number += 1
    return None


def is_fulfillable(rule: Rule) -> bool:
    """Whether some day of some year fulfils the rule."""
    every = replace(rule, interval=1)
    first, last = _KINDS_OF_YEARS
    number = 0
    while (period := _period(every, first, number)) is not None and period[0] <= last:
        if _days(every, period, first, first.day):
            return True
        number += 1
    return False


def _periods_between(rule: Rule, start: date, day: date) -> int:
    """The number of the last of the rule's periods that begins no later than `day`."""
    if rule.frequency == "DAILY":
        units = (day - start).days
    elif rule.frequency == "WEEKLY":
        units = (_week_of(rule, day) - _week_of(rule, start)).days // 7
    elif rule.frequency == "MONTHLY":
        units = (day.year - start.year) * 12 + day.month - start.month
    else:
        units = day.year - start.year
    return units // rule.interval


def _week_of(rule: Rule, day: date) -> date:
    return day - timedelta(days=(day.weekday() - rule.week_start) % 7)


def _period(rule: Rule, start: date, number: int) -> list[date] | None:
    """The days of a period in order, of which the rule's are some; None beyond the end of time."""
    step = number * rule.interval
    try:
        if rule.frequency == "DAILY":
            return [start + timedelta(days=step)]
        if rule.frequency == "WEEKLY":
            first = _week_of(rule, start) + timedelta(weeks=step)
            return [first + timedelta(days=more) for more in range(7)]
        if rule.frequency == "MONTHLY":
            year, month = divmod(start.year * 12 + start.month - 1 + step, 12)
            return _month(year, month + 1)
        months = sorted(rule.months) or ([start.month] if rule.follows_start else range(1, 13))
        return [day for month in months for day in _month(start.year + step, month)]
    except (OverflowError, ValueError):
        return None


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day + 1) for day in range(monthrange(year, month)[1])]


def _days(rule: Rule, period: list[date], start: date, wanted: int) -> list[date]:
    """The rule's days in one period."""
    days = [day for day in period if _fits(rule, day, start, wanted)]
    if not rule.positions:
        return days
    count = len(days)
    # From 0; those that count from the end have become positive or have fallen out.
    places = {place - 1 if place > 0 else count + place for place in rule.positions}
    return [days[place] for place in sorted(places) if 0 <= place < count]


def _fits(rule: Rule, day: date, start: date, wanted: int) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.follows_start:
        return day.day == min(wanted, monthrange(day.year, day.month)[1])
    if rule.month_days and not _counted(rule.month_days, day.day, monthrange(day.year, day.month)[1]):
        return False
    if rule.year_days and not _counted(rule.year_days, day.timetuple().tm_yday, 366 if isleap(day.year) else 365):
        return False
    if rule.weeks and not _counted(rule.weeks, *_week_number(day, rule.week_start)):
        return False
    if rule.weekdays:
        return any(weekday == day.weekday() and _is_nth(rule, day, nth) for weekday, nth in rule.weekdays)
    if rule.frequency == "WEEKLY" or rule.weeks:
        return day.weekday() == start.weekday()
    return True


def _counted(numbers: frozenset[int], place: int, total: int) -> bool:
    """Whether `place` of `total`, from 1, is among numbers of which the negative ones count from the end."""
    return place in numbers or place - total - 1 in numbers


def _is_nth(rule: Rule, day: date, nth: int) -> bool:
    """Whether `day` is the `nth` of its weekday: in its month where the rule is about months, else in its year."""
    if nth == 0:
        return True
    if rule.frequency == "MONTHLY" or rule.months:
        place, total = day.day, monthrange(day.year, day.month)[1]
    else:
        place, total = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    return (place + 6) // 7 == nth if nth > 0 else (total - place) // 7 + 1 == -nth


def _week_number(day: date, week_start: int) -> tuple[int, int]:
    """The number of the day's week, and how many its year has; week 1 is the first with four days in the year."""
    # The year that has the week's fourth day has the week.
    fourth = day - timedelta(days=(day.weekday() - week_start) % 7) + timedelta(days=3)
    number = (fourth.timetuple().tm_yday + 6) // 7
    last = date(fourth.year, 12, 31)
    last -= timedelta(days=(last.weekday() - week_start - 3) % 7)
    return number, (last.timetuple().tm_yday + 6) // 7
