"""Finding what a line says about time."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final

from taskflow.domain.quick_add.clocks import Clock, find_clock, read_clock
from taskflow.domain.quick_add.days import Day, Trust, find_days, number_of, read_day
from taskflow.domain.quick_add.lengths import find_estimate, find_moment, find_reminder
from taskflow.domain.quick_add.line import Line
from taskflow.domain.quick_add.places import is_by_somebody, is_enjoyed, place_of
from taskflow.domain.quick_add.repeats import Repeat, find_repeat, is_beyond
from taskflow.domain.quick_add.spans import find_spans
from taskflow.domain.quick_add.vocabulary import BEGIN, END, FOLLOW, NOT_AFTER, NUMBER
from taskflow.domain.zones import local_date

_START: Final = re.compile(rf"{BEGIN}(?P<word>starting|starts|start|beginning|begins|begin)\s+(?:on\s+|from\s+)?(?=\S)")
_FROM: Final = re.compile(rf"{BEGIN}from\s+(?=\S)")
#: Nothing comes "from next monday" yet: it begins then.
_NEXT: Final = re.compile(r"(?:next|tomorrow)(?![\w'-])")
_COUNTED_UNIT: Final = re.compile(r"(?<!\w)(?:day|week|wk|fortnight|month|mo|year|yr)s?\s+\Z")
_TO: Final = re.compile(r"(?P<space>\s*)(?:(?:to|until|till|through|thru)\s+|[–—-]\s*)")
_UNTIL: Final = re.compile(rf"{BEGIN}(?:until|till|til|ending|ends|through)\s+(?:on\s+)?(?=\S)")
_SO_OFTEN: Final = re.compile(
    rf"{BEGIN}(?:for\s+)?(?P<count>{NUMBER})\s+(?P<unit>time|day|week|month|year)s?{END}",
)
_PART: Final = re.compile(
    rf"{BEGIN}(?:this\s+(?P<this>morning|afternoon|evening)|(?P<tonight>tonight)"
    rf"|in\s+the\s+(?P<next>morning|afternoon|evening)|(?P<night>at\s+night)){END}"
)
_AFTER_DAY: Final = re.compile(r"\s+(?P<part>morning|afternoon|evening|night|am|pm)(?![\w'’-])")
_HALVES: Final = {"am": "morning", "pm": "afternoon"}
#: What may be said after a deadline or a time.
_MANNER: Final = re.compile(r"\s+(?:(?:at\s+)?(?:the\s+)?latest|sharp)(?![\w'-])")
_ISO: Final = re.compile(
    r"(?<![\w/.-])(?P<date>20[0-9]{2}-[0-9]{2}-[0-9]{2})t(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:(?P<utc>z)|(?P<offset>[+-][0-9]{2}:?[0-9]{2}))?(?![\w:-])"
)
_GAP: Final = re.compile(r",?\s+")
_ASKED: Final = re.compile(
    r"\s*ask\s[^,;:]*?(?<!\w)(?:if|whether)\s(?P<what>.+?)(?:(?=[,;:]\s|\s(?:by|due|before)\s|[.?!\s]*\Z))"
)
_PAST: Final = re.compile(
    r"\s*(?P<what>(?:what|who|why|how|where|when|which)\s(?:\S+\s){0,2}?(?:happened|did|was|were|went|had)\s.+)"
)
#: Before "from monday to friday": what is moved there, or written then.
_MOVED: Final = re.compile(
    r"(?<!\w)(?:move|reschedule|postpone|shift|change|push|delay|moved|e?-?mail|letter|notes|photos|minutes)(?!\w)"
)


@dataclass(slots=True)
class When:
    """What a line says about time; None where it says nothing."""

    day: Day | None = None
    clock: Clock | None = None
    #: A part of the day, such as `evening`; `tonight` if it is that of today.
    part: str | None = None
    today: bool = False
    #: Minutes from now.
    ahead: int | None = None
    start: Day | None = None
    estimate: int | None = None
    remind_before: int | None = None
    repeat: Repeat | None = None
    repeat_until: Day | None = None
    repeat_for: tuple[int, str] | None = None


def read_when(line: Line, *, now: datetime, zone: tzinfo, month_first: bool) -> When:
    """Takes what the line says about time. Of two days or two times the last one counts, the other stays."""
    when = When()
    today = local_date(now, zone)
    _leave_questions(line)
    if reminder := find_reminder(line):
        when.remind_before = reminder.minutes
        line.take(reminder.start, reminder.end, "reminder")
    if is_beyond(line):
        return when
    if repeat := find_repeat(line):
        start, end, when.repeat = repeat
        preposition, before = line.preposition(start)
        line.take(before if preposition in ("due", "on") else start, end, "recurrence")
        _read_ends(line, when, month_first)
    _read_iso(line, when)
    _read_start(line, when, month_first)
    while _read_one(line, when, today, month_first):
        pass
    for match in list(line.matches):
        if match.kind == "due" and (manner := _MANNER.match(line.low, match.end)) and line.is_tail(manner.end()):
            line.take(*manner.span(), "due")
    return when


def _leave_questions(line: Line) -> None:
    """Leaves what is asked alone, but for its deadline: "ask Tom if he is free friday", "what happened on sunday?"."""
    if found := _ASKED.match(line.low) or _PAST.match(line.low):
        for piece in re.finditer(r"[^\x00]+", line.low[found.start("what") : found.end("what")]):
            line.protect(found.start("what") + piece.start(), found.start("what") + piece.end())


def _read_iso(line: Line, when: When) -> None:
    """The last moment that is written as machines do: `2026-12-01T09:30Z`."""
    for found in reversed(list(_ISO.finditer(line.low))):
        day = read_day(found["date"], 0, month_first=True)
        hour, minute, offset = int(found["hour"]), int(found["minute"]), found["offset"]
        if day is None or hour > 23 or minute > 59:
            continue
        zone = UTC if found["utc"] else None
        if offset:
            zone = timezone(timedelta(minutes=int(offset[0] + "1") * (int(offset[1:3]) * 60 + int(offset[-2:]))))
        when.day = day
        when.clock = Clock(found.start(), found.end(), hour, minute, sure=True, zone=zone)
        line.take(line.preposition(found.start())[1], found.end(), "due")
        return


def _read_ends(line: Line, when: When, month_first: bool) -> None:
    """Until when, or how often, a task repeats."""
    for found in _UNTIL.finditer(line.low):
        day = read_day(line.low, found.end(), month_first=month_first)
        if day is not None:
            when.repeat_until = day
            line.take(found.start(), day.end, "recurrence")
            return
    for found in _SO_OFTEN.finditer(line.low):
        is_said = found[0].startswith("for") or found["unit"] == "time"
        if (is_said and line.touches(found.start(), found.end())) or (is_said and line.is_tail(found.end())):
            when.repeat_for = number_of(found["count"]), found["unit"]
            line.take(found.start(), found.end(), "recurrence")
            return


def _read_span(line: Line, when: When, month_first: bool) -> bool:
    for span in find_spans(line, month_first=month_first):
        if _MOVED.search(line.low[: span.start]):
            continue
        when.start = span.first
        line.take(span.start, span.first.end, "start")
        _take_end(line, when, span.last.start, span.last)
        return True
    return False


def _read_start(line: Line, when: When, month_first: bool) -> None:
    for found in _START.finditer(line.low):
        day = read_day(line.low, found.end(), month_first=month_first)
        is_verb = found["word"] in ("start", "begin") and line.is_head(found.start())
        if day is None or is_verb or line.previous_word(found.start()) in NOT_AFTER | {"i", "we", "to"}:
            continue
        if line.is_capital(found.start()) and is_enjoyed(line):
            # "Read Monday Begins on Saturday"
            line.protect(found.start(), day.end)
        elif _stands(line, day):
            when.start = day
            line.take(found.start(), day.end, "start")
            return
    if _read_span(line, when, month_first):
        return
    for found in _FROM.finditer(line.low):
        day = read_day(line.low, found.end(), month_first=month_first)
        if day is None:
            continue
        if _read_range(line, when, replace(day, start=found.start()), month_first):
            return
        counted = _COUNTED_UNIT.search(line.low[: found.start()]) is not None
        from_next = _NEXT.match(line.low, found.end()) is not None and not counted
        begins = when.repeat or from_next or line.next_word(day.end) in ("due", "by")
        if _stands(line, day) and begins:
            when.start = day
            line.take(found.start(), day.end, "start")
            return
    for day in find_days(line.low, month_first=month_first):
        # Without "from", only days of the calendar: "open monday to friday" is no plan.
        is_dated = day.trust in (Trust.ALWAYS, Trust.CLEAR) and line.low[day.end - 1].isalnum()
        if is_dated and line.previous_word(day.start) not in NOT_AFTER and _read_range(line, when, day, month_first):
            return


def _read_range(line: Line, when: When, first: Day, month_first: bool) -> bool:
    """Takes "5 dec to 12 dec", if `first` is the beginning of such a thing."""
    between = _TO.match(line.low, first.end)
    last = read_day(line.low, between.end(), month_first=month_first) if between else None
    if between is None or last is None or _MOVED.search(line.low[: first.start]):
        return False
    if not (_stands(line, last) or (line.low.startswith("from", first.start) and line.is_head(first.start))):
        return False
    when.start = first
    line.take(first.start, first.end, "start")
    _take_end(line, when, first.end + len(between["space"]), last)
    return True


def _take_end(line: Line, when: When, start: int, day: Day) -> None:
    if when.repeat:
        when.repeat_until = day
        line.take(start, day.end, "recurrence")
    else:
        when.day = day
        line.take(start, day.end, "due")


def _stands(line: Line, day: Day) -> bool:
    clock = read_clock(line.text, line.low, _after(line, day.end))
    end = clock.end if clock else day.end
    return line.is_tail(end) or line.touches(day.start, day.end) or line.next_word(end) in FOLLOW | {"", "due", "every"}


def _read_one(line: Line, when: When, today: date, month_first: bool) -> bool:
    """Takes the next thing that counts, now that others were taken; False when there is none."""
    if when.ahead is None and when.clock is None and (clock := find_clock(line)):
        when.clock = clock
        line.take(clock.start, clock.end, "due")
        return True
    if when.ahead is None and when.clock is None and when.day is None and (moment := find_moment(line)):
        when.ahead = moment.minutes
        line.take(moment.start, moment.end, "due")
        return True
    if when.part is None and when.ahead is None and _read_part(line, when):
        return True
    if when.day is None and when.ahead is None and _read_day(line, when, today, month_first):
        return True
    if when.estimate is None and (estimate := find_estimate(line)):
        when.estimate = estimate.minutes
        line.take(estimate.start, estimate.end, "estimate")
        return True
    return False


def _read_part(line: Line, when: When) -> bool:
    for found in reversed(list(_PART.finditer(line.low))):
        stands = (
            line.is_tail(found.end()) or line.touches(*found.span()) or line.next_word(found.end()) in FOLLOW | {""}
        )
        is_head = line.is_head(found.start()) and not (
            line.is_capital(found.start()) and line.next_is_capital(found.end())
        )
        if is_by_somebody(line, *found.span()):
            continue
        if line.previous_word(found.start()) in NOT_AFTER or not (stands or (is_head and not found["next"])):
            continue
        if found["night"] and not line.touches(*found.span()):
            # "at 9 at night", but "run at night"
            continue
        when.part = found["this"] or found["next"] or "night"
        when.today = not (found["next"] or found["night"])
        line.take(found.start(), found.end(), "due")
        return True
    return False


def _read_day(line: Line, when: When, today: date, month_first: bool) -> bool:
    for plain in reversed(list(find_days(line.low, month_first=month_first))):
        day, part = _extend(line, plain)
        start = place_of(line, day)
        if start is None or (plain.resolve(today) < today and line.preposition(day.start)[0] != "due"):
            # A day that is over: "scan receipt 12/3/2025".
            continue
        when.day = plain
        when.part = part or when.part
        line.take(start, day.end, "due")
        return True
    return False


def _extend(line: Line, day: Day) -> tuple[Day, str | None]:
    """The day with the part of it that follows, and with how far a time that follows reaches."""
    part = _AFTER_DAY.match(line.low, day.end)
    end = part.end() if part else day.end
    clock = read_clock(line.text, line.low, _after(line, end))
    return replace(day, end=end, reach=clock.end if clock else None), _HALVES.get(
        part["part"], part["part"]
    ) if part else None


def _after(line: Line, end: int) -> int:
    gap = _GAP.match(line.low, end)
    return gap.end() if gap else end
