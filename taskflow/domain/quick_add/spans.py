"""Days of one month that share its name: `12-16 April`, `3 to 5 june`, `Dec 7-9`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from taskflow.domain.quick_add.days import Day, Trust, dated
from taskflow.domain.quick_add.line import Line
from taskflow.domain.quick_add.vocabulary import (
    AMBIGUOUS_MONTHS,
    BEGIN,
    COUNTED,
    FOLLOW,
    MONTH,
    MONTHS,
    NOT_AFTER,
    NOT_AFTER_SHORT,
)

_NTH = r"(?:st|nd|rd|th)?"
_DAYS = rf"(?P<first>[0-9]{{1,2}}){_NTH}\s*(?:[-–—]|\s(?:to|until|till|through|thru)\s)\s*(?P<last>[0-9]{{1,2}}){_NTH}"
_FORMS: Final = tuple(
    re.compile(rf"{BEGIN}(?:from\s+)?(?:the\s+)?{form}(?:,?\s+(?P<year>20[0-9]{{2}}))?(?![\w'’:/%-])(?!\.[0-9])")
    for form in (
        rf"{_DAYS}\s+(?:of\s+)?(?P<month>{MONTH})(?!\w)\.?",
        rf"(?P<month>{MONTH})\.?\s+{_DAYS}(?!\s?(?:am|pm|[ap]\.m)(?!\w))",
    )
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch that means all days from one to another."""

    start: int
    end: int
    first: Day
    last: Day


def find_spans(line: Line) -> Iterator[Span]:
    """Every such stretch that stands where it says when the task is to be done."""
    for form in _FORMS:
        for found in form.finditer(line.low):
            span = _read(found)
            if span and _counts(line, found):
                yield span


def _read(found: re.Match[str]) -> Span | None:
    month, year = MONTHS[found["month"]], found["year"]
    first, last = int(found["first"]), int(found["last"])
    try:
        dated(date(2000, 1, 1), month, last, year)
    except ValueError:
        return None
    if not 0 < first < last:
        return None
    start, middle, end = found.start(), found.end("first"), found.end()
    return Span(
        start,
        end,
        Day(start, middle, Trust.CLEAR, lambda today: dated(today, month, first, year)),
        Day(middle, end, Trust.CLEAR, lambda today: dated(today, month, last, year)),
    )


def _counts(line: Line, found: re.Match[str]) -> bool:
    before, after = line.previous_word(found.start()), line.next_word(found.end())
    unclear = found["month"] in AMBIGUOUS_MONTHS and found.start("month") < found.start("first")
    if before in COUNTED | (NOT_AFTER_SHORT if unclear else NOT_AFTER) or line.preposition(found.start())[0] == "for":
        return False
    if line.is_tail(found.end()) or line.touches(*found.span()):
        return True
    return not unclear and (line.is_head(found.start()) or after in FOLLOW | {""})
