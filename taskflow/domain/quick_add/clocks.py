"""Times of day and stretches between two of them: what is written like one, and whether it counts as one there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from taskflow.domain.quick_add.days import find_days
from taskflow.domain.quick_add.line import Line
from taskflow.domain.quick_add.vocabulary import BEGIN, FOLLOW, NUMBERS, OBJECT_VERBS, STATES, TOMORROW, WEEKDAY, words
from taskflow.domain.quick_add.zones import read_zone


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, or the stretch from it to `until`; `sure` when nothing else can shift it to the evening."""

    start: int
    end: int
    hour: int
    minute: int
    sure: bool
    until: tuple[int, int] | None = None
    zone: tzinfo | None = None
    #: An hour without more, as in "at 5".
    bare: bool = False

    @property
    def length(self) -> int | None:
        """Minutes from one to the other by the clock on the wall, past midnight if need be."""
        if self.until is None:
            return None
        return (self.until[0] * 60 + self.until[1] - self.hour * 60 - self.minute - 1) % 1440 + 1


_BEGIN = r"(?<![\w'’.:/+\-#$€£])"
_HALF = r"(?:\s?(?P<{0}>am|pm|a\.m\.?|p\.m\.?)(?![\w]))"
_ONE: Final = re.compile(
    _BEGIN
    + r"(?P<hour>[0-9]{1,2})(?:(?P<colon>[:.])(?P<minute>[0-9]{2})(?::[0-9]{2})?)?"
    + _HALF.format("half")
    + r"?(?!\w)(?![:.][0-9])"
)
_RANGE: Final = re.compile(
    r"(?:(?P<word>from|between)\s+)?"
    + _BEGIN
    + r"(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?"
    + _HALF.format("half")
    + r"?\s*(?:[-–—]|to|until|till|(?P<and>and))\s*"
    + r"(?:(?P<word2>noon|midnight)|(?P<hour2>[0-9]{1,2})(?::(?P<minute2>[0-9]{2}))?"
    + _HALF.format("half2")
    + r"?)(?![\w:/-])(?!\.[0-9])"
)
_HOURS: Final = {name: hour for name, hour in NUMBERS.items() if not name.startswith("a")}
_SPOKEN: Final = re.compile(
    _BEGIN
    + r"(?:(?P<part>half|quarter)\s+(?P<side>past|to)\s+)?"
    + rf"(?P<hour>[0-9]{{1,2}}|{'|'.join(_HOURS)})(?P<clock>\s*o'?\s?clock)?"
    + _HALF.format("half")
    + r"?(?![\w:/-])"
)
_WORD: Final = re.compile(r"(?<![\w'’-])(?P<word>noon|midday|midnight)(?![\w'’-])")
_PREPOSITION: Final = re.compile(
    r"(?:(?<=[\s\x00(,])|\A)(?:(?P<word>due\s+at|due\s+by|due|at|by|before|after|for|from|until|till|around"
    r"|not?\s+later\s+than)\s+|(?P<sign>@)\s?)\Z"
)
_DAY_BEFORE: Final = re.compile(rf"{BEGIN}(?:{WEEKDAY}|{TOMORROW}|today|tonight)\.?,?\s+(?:at\s+)?\Z")
#: What nobody does at seven in the morning.
_EVENING: Final = re.compile(r"(?<!\w)(?:dinner|supper|drinks|movies?|cinema|theat(?:er|re)|concert|gig|pub)(?!\w)")
#: Of several days, or of several times, none is the one.
_OF_MANY: Final = re.compile(
    rf"{BEGIN}(?:{WEEKDAY}\s*(?:,|/|&|[-–]|\s(?:and|or|to|through|thru)\s)\s*{WEEKDAY}\.?,?\s+(?:at\s+|from\s+)?"
    rf"|[0-9]{{1,2}}(?::[0-9]{{2}}|\s?[ap]m)\s*(?:,|&|\s(?:and|or)\s)\s*(?:at\s+)?)\Z"
)
_ANOTHER: Final = re.compile(r"\s*(?:,|&|\s(?:and|or)\s)\s*(?:at\s+)?[0-9]{1,2}(?::[0-9]{2}|\s?[ap]m)(?!\w)")
_EITHER: Final = frozenset({"and", "or", "vs", "versus"})
_OBJECT_VERBS: Final = OBJECT_VERBS | words("put add write print type enter set")
#: A recording has times of its own.
_CUTS: Final = re.compile(
    r"\s*(?:cut|trim|edit|crop|mute|rewind|splice|loop)\s"
    r".*(?<!\w)(?:video|audio|clip|track|song|film|footage|recording|podcast)(?!\w)"
)
_ARTICLES: Final = words("the a an my our your his her their this that every each for")
#: After these, 3:16 is a verse, a score or a length.
_NO_CLOCK: Final = words(
    """ratio aspect score scored won win lost lose beat pace scale in under version verse psalm psalms john luke
    mark matthew acts romans genesis exodus leviticus numbers deuteronomy joshua judges ruth samuel kings
    chronicles ezra job proverbs ecclesiastes isaiah jeremiah ezekiel daniel hosea joel amos micah corinthians
    galatians ephesians philippians colossians thessalonians timothy titus hebrews james peter jude revelation
    surah sura quran chapter mix odds duration length took takes
    resolution room gate extension ext port code screen monitor the a"""
)
#: After these, "at 5" is a number.
_AT_A_NUMBER: Final = words(
    "look looks stop aim value valued rated guess point laugh sell buy capped start keep stay hold error errors line"
)
#: Anywhere before: then "from 9 to 11" is a change of a number, and "at 9" a price or a setting.
_CHANGES: Final = re.compile(
    r"""(?<!\w)(?:increase|raise|lower|reduce|change|move|bump|upgrade|cut|update|drop|shift|scale|resize|set|adjust|go
    |grow|count|read|pages?|chapters?|levels?|limit|price[ds]?|shares?|stocks?|cap|thermostat|oven|volume|speed|rate
    |ages?|kids|children|sizes?|items?|questions|steps?|exercises)(?!\w)""",
    re.VERBOSE,
)


def find_clock(line: Line) -> Clock | None:
    """The last time of day of the line that counts, its preposition and zone included."""
    found = [clock for clock in _candidates(line) if clock is not None]
    clock = max(found, key=lambda clock: (clock.end, clock.until is not None), default=None)
    if clock and not clock.sure and 5 <= clock.hour <= 9 and _EVENING.search(line.low):
        return replace(clock, hour=clock.hour + 12, sure=True, bare=False)
    return clock


def read_clock(text: str, low: str, start: int) -> Clock | None:
    """A time with minutes or am and pm that is written right at `start`, after `at` or `@` or neither."""
    lead = re.compile(r"(?:at\s+|@\s?)?").match(low, start)
    begin = lead.end() if lead else start
    if found := _RANGE.match(low, begin):
        clock = _range(found, loose=False)
        if clock is not None:
            return _with_zone(text, low, clock, start)
    if found := _ONE.match(low, begin):
        clock = _one(found)
        if clock is not None and (found["half"] or found["colon"] == ":" or begin > start):
            return _with_zone(text, low, clock, start)
    if found := _WORD.match(low, begin):
        return _with_zone(text, low, _named(found), start)
    return None


def _candidates(line: Line) -> Iterator[Clock | None]:
    ranges = []
    for found in _RANGE.finditer(line.low):
        clock = _range(found, loose=_may_be_hours(line, found))
        if clock is not None:
            clock = _with_zone(line.text, line.low, clock, clock.start)
            if _range_counts(line, clock, found):
                ranges.append(clock)
                yield clock
    for found in _ONE.finditer(line.low):
        if any(clock.start <= found.start() < clock.end for clock in ranges):
            continue
        preposition, start = _read_preposition(line.low, found.start())
        dotted = found["colon"] == "." and _is_beside_day(line, found.start(), found.end())
        clock = _one(found, dotted=dotted)
        if clock is not None and _RANGE.match(line.low, found.start()) is None:
            clock = _with_zone(line.text, line.low, clock, start)
            yield clock if _one_counts(line, clock, found, preposition, start) else None
    for found in _SPOKEN.finditer(line.low):
        preposition, start = _read_preposition(line.low, found.start())
        clock = _spoken(found)
        if clock is not None:
            clock = _with_zone(line.text, line.low, clock, start)
            yield clock if _spoken_counts(line, clock, found, preposition) else None
    for found in _WORD.finditer(line.low):
        preposition, start = _read_preposition(line.low, found.start())
        clock = _with_zone(line.text, line.low, _named(found), start)
        stands = line.is_head(start) or line.is_tail(clock.end) or line.next_word(clock.end) in FOLLOW | {""}
        touches = line.touches(start, clock.end)
        yield clock if touches or (preposition and stands) else None


def _with_zone(text: str, low: str, clock: Clock, start: int) -> Clock:
    zone, end = read_zone(text, low, clock.end) or (None, clock.end)
    return Clock(start, end, clock.hour, clock.minute, clock.sure, clock.until, zone, clock.bare)


def _read_preposition(low: str, start: int) -> tuple[str, int]:
    since = max(0, start - 20)
    found = _PREPOSITION.search(low[since:start])
    return (found["word"] or "@", since + found.start()) if found else ("", start)


def _one(found: re.Match[str], *, dotted: bool = False) -> Clock | None:
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), found["half"]
    if found["colon"] == "." and not half and not dotted:
        return None
    hour_of_day = _hour(hour, half)
    if hour_of_day is None or minute > 59:
        return None
    sure = bool(half) or hour > 12 or found["hour"][0] == "0"
    return Clock(found.start(), found.end(), hour_of_day, minute, sure, bare=not half and not found["colon"])


def _hour(hour: int, half: str | None) -> int | None:
    if half:
        return hour % 12 + (12 if half[0] == "p" else 0) if 1 <= hour <= 12 else None
    return hour if hour <= 23 else None


def _spoken(found: re.Match[str]) -> Clock | None:
    """ "half past 5", "quarter to six", "7 o'clock", "five pm"."""
    if not found["part"] and not found["clock"] and found["hour"].isdigit():
        return None
    hour = _hour(int(found["hour"]) if found["hour"].isdigit() else _HOURS[found["hour"]], found["half"])
    if hour is None or not 1 <= hour <= 23:
        return None
    minute = {"half": 30, "quarter": 15}.get(found["part"] or "", 0)
    if found["side"] == "to":
        if minute == 30:
            return None
        hour, minute = hour - 1, 45
    bare = not found["half"] and hour < 12
    return Clock(found.start(), found.end(), hour, minute, sure=not bare, bare=bare)


def _spoken_counts(line: Line, clock: Clock, found: re.Match[str], preposition: str) -> bool:
    stands = line.is_tail(clock.end) or line.touches(clock.start, clock.end) or line.next_word(clock.end) in FOLLOW
    if found["part"] or found["clock"] or found["half"]:
        return stands and (bool(preposition) or line.previous_word(clock.start) not in _ARTICLES)
    # "at six" is a time at the end, or beside a day.
    return preposition in ("at", "@") and stands and line.previous_word(clock.start) not in _AT_A_NUMBER


def _named(found: re.Match[str]) -> Clock:
    return Clock(found.start(), found.end(), 24 if found["word"] == "midnight" else 12, 0, sure=True)


def _may_be_hours(line: Line, found: re.Match[str]) -> bool:
    """Whether "from 9 to 11", or "friday 9-11", without more speaks of the clock."""
    first, last = int(found["hour"]), int(found["hour2"] or 0)
    beside = _is_beside_day(line, found.start(), found.end()) and (first < last or (first >= 9 and last <= 5))
    return (bool(found["word"]) or beside) and not _CHANGES.search(line.low[: found.start()])


def _follows_day(line: Line, start: int) -> bool:
    before = line.low[max(0, start - 40) : start]
    return any(not before[day.end :].strip(" ,") for day in find_days(before, month_first=True))


def _is_of_many(line: Line, clock: Clock) -> bool:
    return _OF_MANY.search(line.low, max(0, clock.start - 40), clock.start) is not None


def _is_beside_day(line: Line, start: int, end: int) -> bool:
    return _DAY_BEFORE.search(line.low, max(0, start - 16), start) is not None or line.touches(start, end)


def _range(found: re.Match[str], *, loose: bool) -> Clock | None:
    if found["and"] and found["word"] != "between":
        return None
    if found["word2"]:
        return _until_word(found, loose=loose)
    first, last, half, half2 = int(found["hour"]), int(found["hour2"]), found["half"], found["half2"]
    minute, minute2 = int(found["minute"] or 0), int(found["minute2"] or 0)
    if minute > 59 or minute2 > 59:
        return None
    if half2 or half:
        end = _hour(last, half2 or None)
        start = _hour(first, half or half2)
        if start is None or end is None:
            return None
        if half2 and not half and start >= end:
            # 11-1pm begins in the morning.
            start = _hour(first, "am" if half2[0] == "p" else "pm") or 0
        if half and not half2 and end <= start and end < 12:
            end += 12
    elif found["minute"] and found["minute2"]:
        start, end = first, last
    elif loose:
        start = first + 12 if 1 <= first <= 6 else first
        end = last + 12 if last <= 12 and last <= start else last
    else:
        return None
    if start > 23 or end > 24 or (end == 24 and minute2) or (start, minute) == (end, minute2):
        return None
    return Clock(found.start(), found.end(), start, minute, sure=True, until=(end, minute2))


def _until_word(found: re.Match[str], *, loose: bool) -> Clock | None:
    """ "10am to noon", "from 10 to midnight"."""
    end = 12 if found["word2"] == "noon" else 24
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if not (found["half"] or found["minute"] or loose) or minute > 59:
        return None
    start = _hour(hour, found["half"]) if found["half"] or end == 12 or hour > 12 else hour % 12 + 12
    if start is None or start >= end:
        return None
    return Clock(found.start(), found.end(), start, minute, sure=True, until=(end, 0))


def _range_counts(line: Line, clock: Clock, found: re.Match[str]) -> bool:
    if _is_of_many(line, clock) or (not found["half2"] and _CUTS.match(line.low)):
        return False
    if not found["word"] and line.previous_word(clock.start) in _NO_CLOCK:
        return False
    stands = line.is_tail(clock.end) or line.touches(clock.start, clock.end) or line.is_head(clock.start)
    return stands or line.next_word(clock.end) in FOLLOW | {""}


def _one_counts(line: Line, clock: Clock, found: re.Match[str], preposition: str, start: int) -> bool:
    touches = line.touches(clock.start, clock.end)
    if line.previous_word(found.start()) in _EITHER:
        return False
    if not touches and line.previous_word(start) in STATES:
        return False
    if not touches and (_is_of_many(line, clock) or _ANOTHER.match(line.low, clock.end)):
        return False
    if line.low[: clock.start].strip() in _OBJECT_VERBS or (not found["half"] and _CUTS.match(line.low)):
        return False
    stands = line.is_tail(clock.end) or touches or line.next_word(clock.end) in FOLLOW | {""}
    if preposition == "from" and not _follows_day(line, clock.start):
        return False
    if preposition in ("for", "after", "from"):
        # "for 9am meeting", "aim for 3:30"
        exact = found["half"] or found["colon"]
        return bool(exact) and stands and line.previous_word(clock.start) not in _AT_A_NUMBER
    if found["half"]:
        if preposition:
            return True
        return line.is_head(clock.start) or (stands and line.previous_word(clock.start) not in _ARTICLES)
    if found["colon"]:
        if preposition or touches:
            return True
        long = len(found["hour"]) == 2
        place = stands or line.is_head(clock.start) if long else line.is_tail(clock.end)
        return place and line.previous_word(clock.start) not in _NO_CLOCK
    if preposition not in ("at", "@", "due at"):
        return False
    if touches:
        return True
    if line.previous_word(clock.start) in _AT_A_NUMBER:
        return False
    return 1 <= clock.hour <= 12 and stands and not _CHANGES.search(line.low[: clock.start])
