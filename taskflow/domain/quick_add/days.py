"""The ways to write a day, and the day that each means."""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum, auto
from typing import Final, TypeAlias

from taskflow.domain.quick_add.vocabulary import (
    AMBIGUOUS_DAYS,
    AMBIGUOUS_MONTHS,
    BEGIN,
    END,
    MONTH,
    MONTHS,
    NUMBER,
    NUMBERS,
    ORDINALS,
    TOMORROW,
    WEEKDAY,
    WEEKDAYS,
)

Resolve: TypeAlias = Callable[[date], date]


class Trust(Enum):
    """How clear a place in the line a way to write a day needs before it counts."""

    ALWAYS = auto()
    #: `tomorrow`, `12 dec`
    CLEAR = auto()
    #: `next week`, `in 3 days`: not before the noun that they may describe
    PHRASE = auto()
    #: `friday`
    NAMED = auto()
    #: `sat`, `march 3`: an everyday word
    WORD = auto()
    #: `tom`: a name
    NAME = auto()
    #: `the 12th`: only after a preposition
    PREPOSITION = auto()
    #: `24/12`: at the end, or after a preposition
    NUMERIC = auto()


@dataclass(frozen=True, slots=True)
class Day:
    """A stretch that may mean a day; `resolve` gives it, counted from a given today."""

    start: int
    end: int
    trust: Trust
    resolve: Resolve
    #: A weekday without a date: it follows whatever it is counted from.
    floating: bool = False
    #: Where a time that follows directly ends.
    reach: int | None = None


Reader: TypeAlias = Callable[[re.Match[str], bool], tuple[Trust, Resolve]]

_YEAR = r"(?:,?\s+(?P<year>20[0-9]{2})(?![\w:]))?"
_NTH = r"(?:st|nd|rd|th)"
_BY_EVENING = r"(?:\s+(?:eod|cob|end\s+of\s+(?:the\s+)?day)(?!\w))?"
_WEEKDAY_BEFORE = rf"(?:{WEEKDAY}\.?,?\s+)?"
_NAMED_DAY = rf"{_WEEKDAY_BEFORE}(?:the\s+)?"
#: Before a day: that it is the end of it, or how far from it.
_LEAD: Final = re.compile(
    rf"{BEGIN}(?:(?:(?:the\s+)?end\s+of\s+(?:the\s+)?day|eod|cob)\s+(?:on\s+)?"
    rf"|(?:the\s+(?=day)|(?P<count>{NUMBER})\s+)?(?P<unit>day|week|month)s?\s+(?P<side>before|after|from)\s+(?:the\s+)?"
    rf"|(?P<week>a\s+week\s+on\s+))\Z"
)
#: Characters that a lead may have.
_LEAD_REACH: Final = 40
_ORDINAL = "|".join(name for name, number in ORDINALS.items() if number > 0)
_NOT_TIME = r"(?!\s?(?:am|pm|[ap]\.m)\b)(?![\w'’/])(?![.:,-][0-9])"


_SHORT_UNITS: Final = {"wk": "week", "mo": "month", "yr": "year"}


def plus(day: date, count: int, unit: str) -> date:
    """`day` and so many days, weeks, months, quarters or years; a month without that day gives its last."""
    unit = _SHORT_UNITS.get(unit, unit)
    if unit in ("day", "week", "fortnight"):
        return day + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit])
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def weekday_after(today: date, weekday: int) -> date:
    """The first such weekday after `today`."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def number_of(text: str) -> int:
    """What `3`, `three` and `a` count."""
    return NUMBERS[" ".join(text.split())] if text[0].isalpha() else int(text)


def dated(today: date, month: int, day: int, year: str | None) -> date:
    """The day of that month: in `year`, or without one the next there is, today included."""
    if year:
        return date(int(year), month, day)
    for candidate in range(today.year, today.year + 9):
        if day <= calendar.monthrange(candidate, month)[1] and date(candidate, month, day) >= today:
            return date(candidate, month, day)
    raise ValueError(f"no month {month} has a day {day}")


def _week_start(today: date) -> date:
    return today - timedelta(days=today.weekday())


def _weekend(today: date) -> date:
    """Saturday of this week; on a Saturday or Sunday, today."""
    return max(today, _week_start(today) + timedelta(days=5))


def _month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def end_of(today: date, unit: str) -> date:
    """The last day of the week (Sunday), month, quarter or year that `today` is in; of the day, itself."""
    if unit == "week":
        return _week_start(today) + timedelta(days=6)
    if unit == "month":
        return _month_end(today)
    if unit == "quarter":
        return _month_end(today.replace(day=1, month=(today.month - 1) // 3 * 3 + 3))
    return today.replace(month=12, day=31) if unit == "year" else today


def _relative(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    ahead = 2 if "after" in found[0] else 0 if found[0].startswith("today") else 1
    return Trust.CLEAR, lambda today: today + timedelta(days=ahead)


def _tom(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    return Trust.NAME, lambda today: today + timedelta(days=1)


def _weekday(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    weekday, which = WEEKDAYS[found["day"] or found["day2"]], found["which"]
    if "next" in found[0]:
        return Trust.PHRASE, lambda today: _week_start(today) + timedelta(days=7 + weekday)
    if which:
        return Trust.PHRASE, lambda today: today + timedelta(days=(weekday - today.weekday()) % 7)
    trust = Trust.WORD if found["day"] in AMBIGUOUS_DAYS else Trust.NAMED
    return trust, lambda today: weekday_after(today, weekday)


def _next_unit(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    unit, this = found["unit"], found["which"] != "next"
    if unit == "weekend":
        return Trust.PHRASE, lambda today: _weekend(today) if this else _week_start(today) + timedelta(days=12)
    if unit == "week":
        return Trust.PHRASE, lambda today: _week_start(today) + timedelta(days=7)
    if unit == "month":
        return Trust.PHRASE, lambda today: plus(today.replace(day=1), 1, "month")
    return Trust.PHRASE, lambda today: date(today.year + 1, 1, 1)


def _end(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    unit = found["unit"] or {"d": "day", "w": "week", "m": "month", "y": "year"}[found["short"][-1]]
    if found["which"] == "next":
        return Trust.PHRASE, lambda today: end_of(
            plus(today.replace(day=1) if unit != "week" else today, 1, unit), unit
        )
    return Trust.PHRASE, lambda today: end_of(today, unit)


def _mid(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    return Trust.CLEAR, lambda today: dated(today, MONTHS[found["month"]], 15, None)


def _month_edge(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    month = MONTHS[found["month"]]
    if found["edge"] == "end":
        # Through its first day: the last one differs by the year.
        return Trust.CLEAR, lambda today: _month_end(dated(today.replace(day=1), month, 1, None))
    return Trust.CLEAR, lambda today: dated(today, month, 1, None)


def _month_day(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    month, day, year = found["month"], int(found["day"]), found["year"]
    trust = Trust.WORD if month in AMBIGUOUS_MONTHS and not year else Trust.CLEAR
    return trust, lambda today: dated(today, MONTHS[month], day, year)


def _iso(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    return Trust.ALWAYS, lambda _: date(int(found["year"]), int(found["month"]), int(found["day"]))


def _slash(found: re.Match[str], month_first: bool) -> tuple[Trust, Resolve]:
    first, second, year = int(found["first"]), int(found["second"]), found["year"]
    if first > 12 or (second <= 12 and not month_first):
        first, second = second, first
    full = f"20{year}" if year and len(year) == 2 else year
    return _numeric_trust(found), lambda today: dated(today, first, second, full)


def _dots(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    month, day, year = int(found["month"]), int(found["day"]), found["year"]
    return _numeric_trust(found), lambda today: dated(today, month, day, year)


def _numeric_trust(found: re.Match[str]) -> Trust:
    return Trust.ALWAYS if found["year"] else Trust.CLEAR if found[0][0].isalpha() else Trust.NUMERIC


def _in_units(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    count, unit = number_of(found["count"]), found["unit"]
    ahead = 1 if "tomorrow" in found[0] else 0
    return Trust.PHRASE, lambda today: plus(today + timedelta(days=ahead), count, unit)


def _ordinal(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    weekday, day = found["weekday"], int(found["day"])
    # "Friday the 13th" is a film.
    named = weekday and not (WEEKDAYS[weekday] == 4 and day == 13)
    if found[0].endswith("month"):
        trust = Trust.PHRASE
    else:
        trust = Trust.PREPOSITION if not named else Trust.WORD if weekday in AMBIGUOUS_DAYS else Trust.NAMED
    if found["next"]:
        return trust, lambda today: next_month_day(plus(today.replace(day=1), 1, "month"), day)
    return trust, lambda today: next_month_day(today, day)


def _worded(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    """ "the first of the month", "the second of june"."""
    day, month = ORDINALS[found["word"]], found["month"]
    if month:
        return Trust.PHRASE, lambda today: dated(today, MONTHS[month], day, None)
    ahead = 1 if found["next"] else 0
    return Trust.PHRASE, lambda today: next_month_day(plus(today.replace(day=1), 1, "month") if ahead else today, day)


def _nth_weekday(found: re.Match[str], _: bool) -> tuple[Trust, Resolve]:
    nth, weekday = ORDINALS.get(found["nth"]) or int(found["nth"][0]), WEEKDAYS[found["day"]]
    month = MONTHS[found["month"]] if found["month"] else None

    def resolve(today: date) -> date:
        first = plus(today.replace(day=1), 1 if found["next"] else 0, "month")
        if month:
            first = dated(first, month, 1, None)
        day = _weekday_of_month(first, nth, weekday)
        return day if day >= today else _weekday_of_month(plus(first, 12 if month else 1, "month"), nth, weekday)

    return Trust.PHRASE, resolve


def _weekday_of_month(first: date, nth: int, weekday: int) -> date:
    if nth < 0:
        end = _month_end(first)
        return end - timedelta(days=(end.weekday() - weekday) % 7)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def next_month_day(today: date, day: int) -> date:
    """The next day with that number, today included; months without it are passed over."""
    for ahead in range(3):
        month = plus(today.replace(day=1), ahead, "month")
        if day <= calendar.monthrange(month.year, month.month)[1] and month.replace(day=day) >= today:
            return month.replace(day=day)
    raise ValueError(f"no month has a day {day}")


_UNIT = r"(?P<unit>day|week|wk|fortnight|month|mo|year|yr)s?"
_FORMS: Final[tuple[tuple[re.Pattern[str], Reader], ...]] = tuple(
    (re.compile(f"{BEGIN}(?:{pattern})"), reader)
    for pattern, reader in (
        (r"(?P<year>20[0-9]{2})([/-])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})(?![\w/-])", _iso),
        (rf"(?:today(?!\s+shows?(?!\w))|(?:the\s+)?day\s+after\s+{TOMORROW}|{TOMORROW}){_BY_EVENING}{END}", _relative),
        (rf"tom{END}", _tom),
        (rf"(?:(?P<which>(?:this|the)\s+coming|this|next)\s+)?(?P<day>{WEEKDAY}){_BY_EVENING}{END}", _weekday),
        (
            rf"(?P<which>next)\s+week\s+(?:on\s+)?(?P<day>{WEEKDAY}){END}"
            rf"|(?P<day2>{WEEKDAY})\s+(?:of\s+)?next\s+week{END}",
            _weekday,
        ),
        (rf"(?P<which>next)\s+(?P<unit>week|month|year){END}", _next_unit),
        (rf"(?P<which>this|next|(?:at|on|over)\s+the)\s+(?P<unit>weekend){END}", _next_unit),
        (
            rf"(?:(?:the\s+)?end\s+of\s+(?:(?:the|this|(?P<which>next))\s+)?(?P<unit>day|week|month|quarter|year)"
            rf"|(?P<short>eo[dwmy])){END}",
            _end,
        ),
        (rf"(?:the\s+)?last\s+day\s+of\s+(?:the|this|(?P<which>next))\s+(?P<unit>month|year)(?P<short>){END}", _end),
        (rf"(?:the\s+)?(?P<edge>end|beginning|start)\s+of\s+(?P<month>{MONTH}){END}", _month_edge),
        (
            rf"(?:the\s+)?(?P<nth>first|second|third|fourth|last|[1-4](?:st|nd|rd|th))\s+(?P<day>{WEEKDAY})\s+(?:of|in)\s+"
            rf"(?:(?:the|this|(?P<next>next))\s+month|(?P<month>{MONTH})){END}",
            _nth_weekday,
        ),
        (rf"(?:mid|middle\s+of)[\s-](?P<month>{MONTH}){END}", _mid),
        (
            rf"{_NAMED_DAY}(?P<day>[0-9]{{1,2}}){_NTH}?\s+(?:of\s+)?(?P<month>{MONTH})(?!\w)\.?{_YEAR}(?!['’\w])",
            _month_day,
        ),
        (
            rf"{_NAMED_DAY}(?P<month>{MONTH})\.?\s+(?:the\s+)?(?P<day>[0-9]{{1,2}}){_NTH}?{_YEAR}{_NOT_TIME}",
            _month_day,
        ),
        (
            _WEEKDAY_BEFORE
            + r"(?P<first>[0-9]{1,2})/(?P<second>[0-9]{1,2})(?:/(?P<year>20[0-9]{2}|[2-4][0-9]))?(?![\w/%])",
            _slash,
        ),
        (r"(?P<first>[0-9]{1,2})-(?P<second>[0-9]{1,2})-(?P<year>20[0-9]{2})(?![\w/-])", _slash),
        (_WEEKDAY_BEFORE + r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>20[0-9]{2})?(?![\w.])", _dots),
        (rf"in\s+(?P<count>{NUMBER})\s+{_UNIT}(?:\s+time)?{END}", _in_units),
        (rf"(?P<count>{NUMBER})\s+{_UNIT}\s+from\s+(?:now|today|{TOMORROW}){END}", _in_units),
        (
            rf"(?:(?P<weekday>{WEEKDAY}),?\s+)?(?:the\s+)?(?P<day>[0-9]{{1,2}}){_NTH}"
            rf"(?:\s+(?:of\s+)?(?:the|this|(?P<next>next))\s+month)?{END}",
            _ordinal,
        ),
        (
            rf"(?:the\s+)?(?P<word>{_ORDINAL})\s+of\s+(?:(?:the|this|(?P<next>next))\s+month|(?P<month>{MONTH})){END}",
            _worded,
        ),
    )
)


def find_days(low: str, *, month_first: bool) -> Iterator[Day]:
    """Every stretch that is written like a day. Of two that overlap the longer one is given."""
    return _longest(
        _with_lead(low, day)
        for pattern, reader in _FORMS
        for found in pattern.finditer(low)
        for day in _of(found, reader, month_first)
    )


def read_day(low: str, start: int, *, month_first: bool) -> Day | None:
    """The longest day that is written right at `start`."""
    found = [
        day
        for pattern, reader in _FORMS
        if (match := pattern.match(low, start))
        for day in _of(match, reader, month_first)
    ]
    return max(found, key=lambda day: day.end, default=None)


def _of(found: re.Match[str], reader: Reader, month_first: bool) -> Iterator[Day]:
    trust, resolve = reader(found, month_first)
    try:
        resolve(date(2000, 1, 1))
    except (ValueError, OverflowError):
        return
    yield Day(found.start(), found.end(), trust, resolve, floating=reader is _weekday)


def _with_lead(low: str, day: Day) -> Day:
    """The day with what leads to it: `a week before 14 feb`, `end of day friday`."""
    found = _LEAD.search(low, max(0, day.start - _LEAD_REACH), day.start)
    if found is None:
        return day
    if found["week"]:
        if not day.floating:
            return day
        return Day(found.start(), day.end, Trust.PHRASE, lambda today: plus(day.resolve(today), 1, "week"))
    if found["unit"] is None:
        return replace(day, start=found.start())
    count, unit = number_of(found["count"] or "a"), found["unit"]
    ahead = -count if found["side"] == "before" else count
    return Day(found.start(), day.end, Trust.PHRASE, lambda today: plus(day.resolve(today), ahead, unit))


def _longest(days: Iterator[Day]) -> Iterator[Day]:
    kept: list[Day] = []
    for day in sorted(days, key=lambda day: day.start - day.end):
        if all(day.end <= other.start or day.start >= other.end for other in kept):
            kept.append(day)
    return iter(sorted(kept, key=lambda day: day.start))
