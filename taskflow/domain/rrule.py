"""Recurrence rules (RFC 5545, section 3.3.10) as text: what is taken, and what is said of the rest.

Tasks repeat by the day at the finest, at the time of day of their `due_at`. Hence no hours, minutes and seconds here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeAlias, cast

from taskflow.domain.errors import Invalid

Frequency: TypeAlias = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

LONGEST: Final = 500
MOST_INTERVAL: Final = 1000
MOST_COUNT: Final = 10_000

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FINER = ("SECONDLY", "MINUTELY", "HOURLY")
_PREFIX = re.compile(r"RRULE\s*:", re.IGNORECASE)
_BYDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}")
_UNTIL = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z)?)?")
_YEARS = range(1900, 9999)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was read. `text` is its normal form: capitals, FREQ first, no spaces, no `RRULE:`."""

    text: str
    frequency: Frequency
    interval: int = 1
    count: int | None = None
    #: A day, an aware instant, or a naive wall-clock time.
    until: date | datetime | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    #: Weekdays (Monday is 0) with the how-many-eth of the month or year, 0 for each.
    weekdays: frozenset[tuple[int, int]] = frozenset()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    @property
    def follows_start(self) -> bool:
        """Whether the day of the month is that of the start, as nothing in the rule names days."""
        named = self.month_days or self.year_days or self.weeks or self.weekdays
        return self.frequency in ("MONTHLY", "YEARLY") and not named

    def after_one(self) -> str:
        """The text of the rule with one occurrence fewer to come."""
        if self.count is None:
            return self.text
        return re.sub(r"COUNT=[0-9]+", f"COUNT={self.count - 1}", self.text)


def read_rule(text: str) -> Rule:
    """Reads a rule, with or without `RRULE:`, in any case. `Invalid` names the field `recurrence` and the remedy."""
    if len(text) > LONGEST:
        raise wrong_rule("max_length", f"The rule is longer than {LONGEST} characters.")
    parts = _split(text)
    rule = _Reader(parts).read()
    _check_together(rule, parts)
    return rule


def _split(text: str) -> dict[str, str]:
    body = _PREFIX.sub("", text.strip(), count=1) if _PREFIX.match(text.strip()) else text.strip()
    for other in ("EXDATE", "EXRULE", "RDATE", "DTSTART"):
        if other in body.upper():
            raise wrong_rule(
                "unsupported", f"{other} is not supported: give one rule such as FREQ=WEEKLY;BYDAY=MO, and a due date."
            )
    parts: dict[str, str] = {}
    for part in re.sub(r"\s+", "", body).upper().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not name or not value:
            raise wrong_rule(
                "syntax", f"{part[:40]!r} is no NAME=VALUE. Write for instance FREQ=WEEKLY;INTERVAL=2;BYDAY=MO."
            )
        if name in parts:
            raise wrong_rule("duplicate", f"{name[:40]} stands twice. Give it once.")
        parts[name] = value
    if "FREQ" not in parts:
        raise wrong_rule("syntax", "FREQ is missing. Start with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.")
    return {"FREQ": parts.pop("FREQ")} | parts


@dataclass(slots=True)
class _Reader:
    parts: dict[str, str]
    values: dict[str, object] = field(default_factory=dict)

    def read(self) -> Rule:
        readers: dict[str, tuple[str, Callable[[str, str], object]]] = {
            "FREQ": ("frequency", _frequency),
            "INTERVAL": ("interval", lambda name, value: _bounded(name, value, 1, MOST_INTERVAL)),
            "COUNT": ("count", lambda name, value: _bounded(name, value, 1, MOST_COUNT)),
            "UNTIL": ("until", _until),
            "BYMONTH": ("months", lambda name, value: _numbers(name, value, 12, signed=False)),
            "BYMONTHDAY": ("month_days", lambda name, value: _numbers(name, value, 31)),
            "BYYEARDAY": ("year_days", lambda name, value: _numbers(name, value, 366)),
            "BYWEEKNO": ("weeks", lambda name, value: _numbers(name, value, 53)),
            "BYDAY": ("weekdays", _weekdays),
            "BYSETPOS": ("positions", lambda name, value: tuple(sorted(_numbers(name, value, 366)))),
            "WKST": ("week_start", _week_start),
        }
        for name, value in self.parts.items():
            if name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
                raise wrong_rule("unsupported", f"{name} is not supported: the time of day is that of due_at.")
            if name not in readers:
                raise wrong_rule("unsupported", f"{name[:40]!r} is not supported. Known: {', '.join(readers)}.")
            attribute, read = readers[name]
            self.values[attribute] = read(name, value)
        text = ";".join(f"{name}={value}" for name, value in self.parts.items())
        return Rule(text=text, **self.values)  # type: ignore[arg-type]


def _check_together(rule: Rule, parts: dict[str, str]) -> None:
    """What RFC 5545 does not allow beside each other."""
    if rule.count is not None and rule.until is not None:
        raise wrong_rule("both_ends", "COUNT and UNTIL exclude each other. Give one.")
    for name, allowed in {"BYWEEKNO": ("YEARLY",), "BYYEARDAY": ("YEARLY",)}.items():
        if name in parts and rule.frequency not in allowed:
            raise wrong_rule("combination", f"{name} goes with FREQ=YEARLY alone.")
    if rule.month_days and rule.frequency == "WEEKLY":
        raise wrong_rule("combination", "BYMONTHDAY does not go with FREQ=WEEKLY. Use FREQ=MONTHLY.")
    if any(nth for _, nth in rule.weekdays) and (rule.frequency not in ("MONTHLY", "YEARLY") or rule.weeks):
        raise wrong_rule(
            "combination", "A numbered BYDAY such as 2MO goes with FREQ=MONTHLY or YEARLY, without BYWEEKNO."
        )
    if rule.positions and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise wrong_rule("combination", "BYSETPOS needs another BY… part to choose from.")


def _frequency(name: str, value: str) -> Frequency:
    if value in _FINER:
        raise wrong_rule("too_often", f"Tasks repeat by the day at the finest, not {value}. Use FREQ=DAILY.")
    if value not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        raise wrong_rule("syntax", f"FREQ={value[:40]} is unknown. Use DAILY, WEEKLY, MONTHLY or YEARLY.")
    return cast(Frequency, value)


def _bounded(name: str, value: str, least: int, most: int) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 10 or not least <= int(value) <= most:
        raise wrong_rule("range", f"{name} must be a whole number from {least} to {most}.")
    return int(value)


def _numbers(name: str, value: str, most: int, *, signed: bool = True) -> frozenset[int]:
    found = set()
    for part in value.split(","):
        number = int(part) if _NUMBER.fullmatch(part) else 0
        if not 1 <= abs(number) <= most or (number < 0 and not signed):
            counted = ", negative ones counted from the end" if signed else ""
            raise wrong_rule("range", f"{name} takes numbers from 1 to {most}{counted}, not {part[:20]!r}.")
        found.add(number)
    return frozenset(found)


def _weekdays(name: str, value: str) -> frozenset[tuple[int, int]]:
    found = set()
    for part in value.split(","):
        match = _BYDAY.fullmatch(part)
        nth = int(match[1] or 0) if match else 0
        if match is None or abs(nth) > 53 or (match[1] is not None and nth == 0):
            raise wrong_rule("range", f"BYDAY takes days such as MO, 2TU or -1FR, not {part[:20]!r}.")
        found.add((_DAYS.index(match[2]), nth))
    return frozenset(found)


def _week_start(name: str, value: str) -> int:
    if value not in _DAYS:
        raise wrong_rule("range", f"WKST is one of {', '.join(_DAYS)}.")
    return _DAYS.index(value)


def _until(name: str, value: str) -> date | datetime:
    match = _UNTIL.fullmatch(value)
    if match is None:
        raise wrong_rule("syntax", "Write UNTIL as 20261231 or 20261231T235959Z.")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
        # A leap second is read as the second before it.
        moment = None if match[4] is None else (int(match[4]), int(match[5]), min(59, int(match[6])))
        found = day if moment is None else datetime(*day.timetuple()[:3], *moment, tzinfo=UTC if match[7] else None)
    except ValueError as error:
        raise wrong_rule("range", f"UNTIL={value} is no date of the calendar.") from error
    if found.year not in _YEARS:
        raise wrong_rule("range", "UNTIL must be between the years 1900 and 9998.")
    return found


def wrong_rule(code: str, detail: str) -> Invalid:
    """The error of a rule, to raise."""
    return Invalid.field("recurrence", code, detail)
