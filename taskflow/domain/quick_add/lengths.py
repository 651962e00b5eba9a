"""How long a task takes, when to be reminded of it, and moments that are hours or minutes away."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from taskflow.domain.quick_add.days import number_of
from taskflow.domain.quick_add.line import Line
from taskflow.domain.quick_add.vocabulary import BEGIN, END, FOLLOW, NUMBER, words

_HOURS = r"(?:h|hr|hrs|hour|hours)"
_MINUTES = r"(?:min|mins|minute|minutes)"
_AMOUNT = (
    rf"(?:(?P<half>half\s+an\s+hour)"
    rf"|(?P<more>an\s+hour\s+and\s+a\s+half){END}"
    rf"|(?P<count>[0-9]{{1,3}}\.[0-9]{{1,2}}|{NUMBER})\s?(?P<unit>{_HOURS}|{_MINUTES}|m){END})"
)
_ESTIMATE: Final = re.compile(
    rf"{BEGIN}(?P<for>for\s+)?"
    rf"(?:(?P<h>[0-9]{{1,2}})\s?h(?:(?:ou)?rs?)?\s?(?P<m>[0-9]{{1,2}})(?:\s?m(?:in(?:ute)?s?)?)?{END}|{_AMOUNT})"
)
_SOON: Final = re.compile(rf"{BEGIN}in\s+(?:about\s+)?{_AMOUNT}")
_REMIND: Final = re.compile(
    rf"(?:,\s*)?{BEGIN}(?:and\s+)?(?:remind\s+me|reminder)\s*:?\s+(?:(?P<half>half\s+an\s+hour)"
    rf"|(?P<count>{NUMBER})\s?(?P<unit>{_HOURS}|{_MINUTES}|days?|weeks?))\s+(?:before|earlier|ahead|prior)(?:hand)?{END}"
)
#: Before a length that is no estimate: how far away, how often, or how much of something.
_NOT_AFTER: Final = words("to in within under every than of last next first after before the a per over about")
#: Minutes: "20h" is a time of day to many.
_MOST_BARE: Final = 12 * 60
#: Longest that an estimate may be, and how long before a task one can be reminded; minutes.
MOST_ESTIMATE: Final = 100 * 24 * 60
MOST_BEFORE: Final = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Length:
    """A stretch of the line that means so many minutes."""

    start: int
    end: int
    minutes: int


def find_estimate(line: Line) -> Length | None:
    """The last length of the line that says how long the task takes."""
    found = None
    for match in _ESTIMATE.finditer(line.low):
        minutes = _hours_and_minutes(match) if match["h"] else _minutes(match)
        if minutes is None or not 0 < minutes <= MOST_ESTIMATE:
            continue
        if match["for"]:
            counts = line.is_tail(match.end()) or line.next_word(match.end()) in FOLLOW | {""}
        else:
            # "60 Minutes" is a name, "15m" may be a distance.
            plain = (
                line.low[match.start()].isdigit()
                and match["unit"] != "m"
                and not (match["unit"] and line.is_capital(match.start("unit")))
            )
            counts = (
                plain
                and minutes <= _MOST_BARE
                and line.is_tail(match.end())
                and line.previous_word(match.start()) not in _NOT_AFTER
            )
        if counts:
            found = Length(match.start(), match.end(), minutes)
    return found


def find_moment(line: Line) -> Length | None:
    """The last "in 2 hours" of the line that says when the task is to be done."""
    found = None
    for match in _SOON.finditer(line.low):
        minutes = _minutes(match)
        stands = (
            line.is_head(match.start()) or line.is_tail(match.end()) or line.next_word(match.end()) in FOLLOW | {""}
        )
        if minutes is not None and stands and not _TAKES.search(line.low[: match.start()]):
            found = Length(match.start(), match.end(), minutes)
    return found


#: What is done within a time, not after it.
_TAKES: Final = re.compile(r"(?<!\w)(?:learn|master|lose|[0-9]+\s?k|[0-9]+\s?km|cook|cooked|ready|finish|around)(?!\w)")


def find_reminder(line: Line) -> Length | None:
    """The first "remind me 30 minutes before" of the line."""
    for match in _REMIND.finditer(line.low):
        minutes = _minutes(match)
        if minutes is not None and minutes <= MOST_BEFORE:
            return Length(match.start(), match.end(), minutes)
    return None


def _minutes(match: re.Match[str]) -> int | None:
    if match["half"]:
        return 30
    if match.groupdict().get("more"):
        return 90
    count = float(match["count"]) if "." in match["count"] else number_of(match["count"])
    unit = match["unit"]
    size = 60 if unit[0] == "h" else 1 if unit[0] == "m" else 24 * 60 if unit[0] == "d" else 7 * 24 * 60
    return int(timedelta(minutes=count * size).total_seconds()) // 60


def _hours_and_minutes(match: re.Match[str]) -> int | None:
    minutes = int(match["m"])
    return int(match["h"]) * 60 + minutes if minutes < 60 else None
