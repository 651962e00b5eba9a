"""The dates that people and Todoist write in English, as far as they mean one day; recurrences are not understood."""

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final

from taskflow.domain.zones import local_date

# Not from `calendar`, whose names follow the locale of the process.
_MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAY_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = {short: number for number, name in enumerate(_MONTH_NAMES, start=1) for short in (name, name[:3])} | {
    "sept": 9
}
_WEEKDAYS: Final = {short: number for number, name in enumerate(_WEEKDAY_NAMES) for short in (name, name[:3])} | {
    "tues": 1,
    "thur": 3,
    "thurs": 3,
}
_DAYS_AHEAD: Final = {"yesterday": -1, "today": 0, "tod": 0, "tomorrow": 1, "tom": 1}

_TIME: Final = re.compile(
    r"""(?:^|(?<=\d)t|\s*\bat\s+|\s*@\s*|\s+)
        (?: (?P<hour>\d{1,2}) (?: :(?P<minute>\d{2}) (?: :(?P<second>\d{2})(?:\.\d{1,9})? )? )? \s* (?P<half>[ap]m)?
          | (?P<word>noon|midnight) )
        \s* (?P<offset>z|[+-]\d{2}:?\d{2})? $""",
    re.VERBOSE | re.ASCII,
)
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([a-z]+)\.?,?(?:\s+(\d{4}))?", re.ASCII)
_MONTH_FIRST: Final = re.compile(r"([a-z]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?(?:\s+(\d{4}))?", re.ASCII)
_IN_DAYS: Final = re.compile(r"in\s+(\d{1,4})\s+(day|week)s?", re.ASCII)
_LONGEST: Final = 60


def parse_date(text: str, *, now: datetime, zone: tzinfo) -> date | datetime | None:
    """The day, or the aware UTC moment, that `text` means to somebody in `zone` at `now`; None if not understood.

    Understood: `2027-01-12`, `12 Jan 2027`, `Jan 12`, `today`, `tomorrow`, `friday` (the next one), `in 3 days`, each
    alone or with a time: `14:00`, `2pm`, `at 9`, `@ 9:30am`, `noon`. A day without a year is the next such day.
    """
    text = " ".join(text.lower().split())
    if not text or len(text) > _LONGEST:
        return None
    try:
        day = _parse_day(text, local_date(now, zone))
        if day is not None:
            return day
        found = _TIME.search(text)
        if found is None or not (moment := _parse_time(found)):
            return None
        day = _parse_day(text[: found.start()].rstrip(" ,"), local_date(now, zone))
        return None if day is None else datetime.combine(day, moment, tzinfo=moment.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _parse_day(text: str, today: date) -> date | None:
    """The day of a text without a time. `ValueError` and `OverflowError` for days that do not exist."""
    if text in _DAYS_AHEAD:
        return today + timedelta(days=_DAYS_AHEAD[text])
    if text in _WEEKDAYS:
        return today + timedelta(days=(_WEEKDAYS[text] - today.weekday() - 1) % 7 + 1)
    if found := _ISO.fullmatch(text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _IN_DAYS.fullmatch(text):
        return today + timedelta(days=int(found[1]) * (7 if found[2] == "week" else 1))
    if (found := _DAY_FIRST.fullmatch(text)) and found[2] in _MONTHS:
        return _dated(int(found[1]), _MONTHS[found[2]], found[3], today)
    if (found := _MONTH_FIRST.fullmatch(text)) and found[1] in _MONTHS:
        return _dated(int(found[2]), _MONTHS[found[1]], found[3], today)
    return None


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    if year is not None:
        return date(int(year), month, day)
    # Eight years: from 1896 to 1904, and from 2096 to 2104, there is no 29 February in between.
    for candidate in range(today.year, today.year + 9):
        if day <= calendar.monthrange(candidate, month)[1] and date(candidate, month, day) >= today:
            return date(candidate, month, day)
    raise ValueError(f"no month {month} has a day {day}")


def _parse_time(found: re.Match[str]) -> time | None:
    """The time of day of a match, None if a bare number stands without "at", "@", minutes or am and pm."""
    if found["word"]:
        return time(12 if found["word"] == "noon" else 0)
    hour, half = int(found["hour"]), found["half"]
    if found["minute"] is None and not half and not re.match(r"\s*(?:at\b|@)", found[0]):
        return None
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(found["minute"] or 0), int(found["second"] or 0), tzinfo=_parse_offset(found["offset"]))


def _parse_offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text == "z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
