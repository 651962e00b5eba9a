"""Days of one month that share its name: `12-16 April`, `3 to 5 june`, `Dec 7-9`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from taskflow.domain.quick_add.days import Day, Trust, dated, read_day
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

_NUMBERS = r"[0-9]{1,2}(?:/[0-9]{1,2}|\.[0-9]{1,2}\.)"
_NUMERIC: Final = re.compile(
    rf"{BEGIN}(?P<word>from\s+)?(?P<first>{_NUMBERS})\s*(?:[-–—]|to\s|until\s|till\s|through\s|thru\s)\s*"
    rf"(?P<last>{_NUMBERS})(?![\w'’:/%-])(?!\.[0-9])"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch that means all days from one to another."""

    start: int
    end: int
    first: Day
    last: Day


def find_spans(line: Line, *, month_first: bool) -> Iterator[Span]:
    """Every such stretch that stands where it says when the task is to be done."""
    for form in _FORMS:
        for found in form.finditer(line.low):
            span = _read(found)
            if span and _counts(line, found):
                yield span
    for found in _NUMERIC.finditer(line.low):
        span = _read_numeric(found, month_first)
        if span and line.previous_word(span.start) not in COUNTED | NOT_AFTER and line.is_tail(span.end):
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


def _read_numeric(found: re.Match[str], month_first: bool) -> Span | None:
    """ "2/13-2/20", if it cannot be two fractions."""
    first = read_day(found["first"], 0, month_first=month_first)
    last = read_day(found["last"], 0, month_first=month_first)
    beyond = any(int(number) > 12 for number in re.findall(r"[0-9]+", found[0]))
    if first is None or last is None or not (beyond or found["word"] or "." in found[0]):
        return None
    start, middle, end = found.start(), found.end("first"), found.end()
    return Span(start, end, replace(first, start=start, end=middle), replace(last, start=middle, end=end))


def _counts(line: Line, found: re.Match[str]) -> bool:
    before, after = line.previous_word(found.start()), line.next_word(found.end())
    unclear = found["month"] in AMBIGUOUS_MONTHS and found.start("month") < found.start("first")
    if before in COUNTED | (NOT_AFTER_SHORT if unclear else NOT_AFTER) or line.preposition(found.start())[0] == "for":
        return False
    if line.is_tail(found.end()) or line.touches(*found.span()):
        return True
    return not unclear and (line.is_head(found.start()) or after in FOLLOW | {""})
