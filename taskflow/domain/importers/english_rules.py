"""How often a task repeats, in the words of Taskwarrior and Todoist, as a rule of RFC 5545."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from taskflow.domain.importers.records import Basis

_UNITS: Final = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_WORDS: Final = {
    "daily": "FREQ=DAILY",
    "day": "FREQ=DAILY",
    "weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "weekly": "FREQ=WEEKLY",
    "biweekly": "FREQ=WEEKLY;INTERVAL=2",
    "fortnight": "FREQ=WEEKLY;INTERVAL=2",
    "monthly": "FREQ=MONTHLY",
    "month": "FREQ=MONTHLY",
    "bimonthly": "FREQ=MONTHLY;INTERVAL=2",
    "quarterly": "FREQ=MONTHLY;INTERVAL=3",
    "semiannual": "FREQ=MONTHLY;INTERVAL=6",
    "annual": "FREQ=YEARLY",
    "yearly": "FREQ=YEARLY",
    "year": "FREQ=YEARLY",
    "biannual": "FREQ=YEARLY;INTERVAL=2",
    "biyearly": "FREQ=YEARLY;INTERVAL=2",
}
_SPAN: Final = re.compile(
    r"(\d{1,3})\s*-?\s*(d|days?|w|wks?|weeks?|mo|mth|months?|mnths?|q|qtrs?|quarters?|y|yrs?|years?)", re.ASCII
)
_PERIOD: Final = re.compile(r"P(\d{1,3})([DWMY])", re.ASCII)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_EVERY: Final = re.compile(r"(?:every|each)(!?)\s+(.+)")
_INTERVAL: Final = re.compile(r"(?:(\d{1,3}|other)\s+)?(day|week|month|year)s?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Repetition:
    """A rule, what it counts from, and the first day on which it falls."""

    rule: str
    basis: Basis
    first: date


def read_recur(text: str) -> str | None:
    """The rule of Taskwarrior's `recur`: `weekly`, `2weeks`, `P3M`, …; None for what is finer than days or unknown."""
    word = text.strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    if found := _PERIOD.fullmatch(word.upper()):
        return _every(int(found[1]), {"D": "day", "W": "week", "M": "month", "Y": "year"}[found[2]])
    if found := _SPAN.fullmatch(word):
        if found[2].startswith("q"):
            return _every(3 * int(found[1]), "month")
        return _every(int(found[1]), {"d": "day", "w": "week", "m": "month", "y": "year"}[found[2][0]])
    return None


def read_every(text: str, today: date) -> Repetition | None:
    """The rule of Todoist's `every 3 days`, `every! month` (from completion), `every mon, thu`, `every weekday`.

    None for what names times, starts or ends, or is not understood.
    """
    word = " ".join(text.lower().split())
    if word in ("daily", "weekly", "monthly", "yearly"):
        return Repetition(_WORDS[word], "due", today)
    found = _EVERY.fullmatch(word)
    if found is None:
        return None
    basis: Basis = "completion" if found[1] else "due"
    rest = found[2]
    if interval := _INTERVAL.fullmatch(rest):
        count = {None: 1, "other": 2}.get(interval[1]) or int(interval[1])
        rule = _every(count, interval[2])
        return None if rule is None else Repetition(rule, basis, today)
    if rest in ("weekday", "weekdays", "workday", "workdays"):
        days = set(range(5))
    elif rest in ("weekend", "weekends"):
        days = {5, 6}
    else:
        named = [_weekday(part) for part in re.split(r",\s*|\s+and\s+", rest)]
        days = {day for day in named if day is not None}
        if None in named or not days:
            return None
    codes = ",".join(_CODES[day] for day in sorted(days))
    first = next(today + timedelta(days=ahead) for ahead in range(7) if (today.weekday() + ahead) % 7 in days)
    return Repetition(f"FREQ=WEEKLY;BYDAY={codes}", basis, first)


def _weekday(word: str) -> int | None:
    name = word.strip().rstrip(".")
    matching = [number for number, day in enumerate(_WEEKDAYS) if len(name) >= 3 and day.startswith(name)]
    return matching[0] if matching else None


def _every(count: int, unit: str) -> str | None:
    if count < 1:
        return None
    return f"FREQ={_UNITS[unit]}" + (f";INTERVAL={count}" if count > 1 else "")
