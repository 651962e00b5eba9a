"""Recurrence in words: `every other friday`, `monthly on the 15th`, `3 days after completion`."""

import calendar
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from taskflow.domain.quick_add.days import number_of
from taskflow.domain.quick_add.line import Line
from taskflow.domain.quick_add.vocabulary import (
    BEGIN,
    END,
    FOLLOW,
    MONTH,
    MONTHS,
    NOT_AFTER,
    NUMBER,
    ORDINALS,
    PARTS,
    RRULE_DAYS,
    WEEKDAY,
    WEEKDAYS,
)


@dataclass(frozen=True, slots=True)
class Repeat:
    """A rule of recurrence. `weekdays` are (which of the month, 0 for each; day of the week, Monday 0)."""

    frequency: str
    interval: int = 1
    weekdays: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    month: int | None = None
    completion: bool = False
    #: The hour of "every morning".
    hour: int | None = None
    until: date | None = None
    count: int | None = None

    def rule(self) -> str:
        """The rule as RFC 5545 writes it."""
        days = ",".join(f"{nth or ''}{RRULE_DAYS[day]}" for nth, day in self.weekdays)
        parts = {
            "FREQ": self.frequency,
            "INTERVAL": self.interval if self.interval > 1 else None,
            "BYMONTH": self.month,
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": days,
            "UNTIL": self.until and f"{self.until:%Y%m%d}",
            "COUNT": self.count,
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)

    def first(self, day: date) -> date:
        """The first day of the rule that is not before `day`; `ValueError` if there is none for nine years."""
        for ahead in range(9 * 366):
            candidate = day + timedelta(days=ahead)
            if self._names(candidate):
                return candidate
        raise ValueError(f"no day for {self.rule()}")

    def _names(self, day: date) -> bool:
        length = calendar.monthrange(day.year, day.month)[1]
        return (
            (not self.weekdays or any(_is_nth(day, nth, weekday, length) for nth, weekday in self.weekdays))
            and (not self.month_days or any(day.day == (n if n > 0 else length + 1 + n) for n in self.month_days))
            and (self.month is None or day.month == self.month)
        )


def _is_nth(day: date, nth: int, weekday: int, length: int) -> bool:
    if day.weekday() != weekday:
        return False
    return nth == 0 or nth == (day.day - 1) // 7 + 1 or (nth == -1 and day.day + 7 > length)


_WORKDAYS: Final = Repeat("WEEKLY", weekdays=tuple((0, day) for day in range(5)))
#: Short names of days that are no plurals.
_SHORT_WITH_S: Final = ("tues", "weds", "thurs")
_NTH = r"(?:[0-9]{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|last)"
_STEP = r"(?:[0-9]{1,2}(?:nd|rd|th)|second|third|fourth|fifth)"
_DAYS = (
    rf"{WEEKDAY}s?(?:(?:\s*[-–]\s*|\s+(?:to|through|thru)\s+){WEEKDAY}"
    rf"|(?:\s*(?:,|&|/)\s*(?:and\s+)?|\s+and\s+){WEEKDAY}s?"
    # "mon wed fri", but "tuesday sun salutations"
    rf"|\s+{WEEKDAY}(?=\s*(?:\Z|[\x00,.;@0-9(]|(?:at|in|from|until|for|with|starting)\s)|\s+{WEEKDAY}(?!\w)))*"
)
_NTH_DAYS = rf"{_NTH}(?:(?:\s*(?:,|&)\s*|\s+and\s+){_NTH})*"
_OF_MONTH = r"(?:\s+(?:day\s+)?(?:of|in)\s+(?:the|each|every)\s+month)"
_YEAR_DAY = (
    rf"(?:(?:the\s+)?(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{MONTH})"
    rf"|(?P<month2>{MONTH})\s+(?:the\s+)?(?P<day2>[0-9]{{1,2}})(?:st|nd|rd|th)?)"
)
_UNITS: Final = {
    "day": ("DAILY", 1),
    "week": ("WEEKLY", 1),
    "fortnight": ("WEEKLY", 2),
    "month": ("MONTHLY", 1),
    "quarter": ("MONTHLY", 3),
    "year": ("YEARLY", 1),
}
_ADVERBS: Final = {
    "daily": ("DAILY", 1),
    "weekly": ("WEEKLY", 1),
    "nightly": ("DAILY", 1),
    "biweekly": ("WEEKLY", 2),
    "bi-weekly": ("WEEKLY", 2),
    "fortnightly": ("WEEKLY", 2),
    "monthly": ("MONTHLY", 1),
    "quarterly": ("MONTHLY", 3),
    "yearly": ("YEARLY", 1),
    "annually": ("YEARLY", 1),
}
_UNIT = "|".join(_UNITS)

_EVERY: Final = re.compile(
    rf"""{BEGIN}(?:every|each|ev)(?P<done>!)?\s+(?:
        (?P<workday>(?:weekday|weeknight|workday|work\s+day|working\s+day|business\s+day)s?)
      | (?P<weekend>weekends?) | (?P<part>morning|afternoon|evening|night)
      | (?:(?P<other>other|alternate)\s+|(?P<count>{NUMBER}|{_STEP})\s+)?(?P<unit>{_UNIT})s?(?!\s+of\s)
            (?:\s+on\s+(?:(?P<on_days>{_DAYS})|(?:the\s+)?(?P<on_nth>{_NTH_DAYS})(?:\s+(?P<on_nth_day>{WEEKDAY}|day))?|{_YEAR_DAY}))?
      | (?:(?P<other_day>other|alternate)\s+|(?P<weeks>[0-9]{{1,2}})\s+)?(?P<days>{_DAYS})
      | (?P<nth>{_NTH_DAYS})(?:\s+(?P<nth_day>{WEEKDAY}|day))?{_OF_MONTH}?
      | {_YEAR_DAY.replace("day", "yearday").replace("month", "yearmonth")}
    ){END}""",
    re.VERBOSE,
)
_ADVERB: Final = re.compile(
    rf"""{BEGIN}(?P<adverb>{"|".join(_ADVERBS)})
        (?:\s+on\s+(?:(?P<on_days>{_DAYS})|(?:the\s+)?(?P<on_nth>{_NTH_DAYS})(?:\s+(?P<on_nth_day>{WEEKDAY}|day))?|{_YEAR_DAY}))?{END}""",
    re.VERBOSE,
)
_ONCE: Final = re.compile(rf"{BEGIN}once\s+(?:a|every|per)\s+(?P<unit>day|week|month|quarter|year){END}")
_PLURAL_DAY = rf"(?:(?!(?:tues|weds|thurs){END}){WEEKDAY}s)"
_PLURAL: Final = re.compile(
    rf"{BEGIN}(?P<on>on\s+)?(?:(?P<days>{_PLURAL_DAY}(?:(?:\s*(?:,|&)\s*|\s+and\s+){_PLURAL_DAY})*)"
    rf"|(?P<workdays>weekdays|workdays)|(?P<weekends>weekends)){END}"
)
_PARTS_OF_DAYS: Final = re.compile(
    rf"{BEGIN}(?:on\s+)?(?P<days>{WEEKDAY}|weekday)(?=\s+(?P<part>morning|afternoon|evening|night)s(?![\w'’-]))"
)
_LAST: Final = re.compile(
    rf"{BEGIN}(?:on\s+)?(?:the\s+)?(?P<nth>{_NTH_DAYS})\s+(?:(?P<nth_day>{WEEKDAY}|day)\s+)?"
    # "on the 28th every month"; "review the first every month" is another thing.
    rf"(?:of\s+|(?<=[0-9](?:st|nd|rd|th)\s))(?:every|each)\s+month{END}"
)
_AFTER: Final = re.compile(
    rf"{BEGIN}(?P<count>{NUMBER})\s+(?P<unit>{_UNIT})s?\s+after\s+(?:completion|completing|completed|finishing|(?:it(?:'s|\s+is)\s+)?done){END}"
)
_COMPLETION: Final = re.compile(rf"\s+(?:after|from|since)\s+(?:completion|completing|completed|finishing){END}")
_PART: Final = re.compile(r"(?:\s+in\s+the)?\s+(?P<part>morning|afternoon|evening|night)s?(?![\w'’-])")
_CLOCK: Final = re.compile(
    r"\s+(?:(?:at\s+|@\s?)[0-9]{1,2}(?::[0-9]{2})?(?:\s?[ap]m)?|[0-9]{1,2}(?::[0-9]{2}(?:\s?[ap]m)?|\s?[ap]m)"
    r"|[0-9]{1,2}(?::[0-9]{2})?\s?(?:[-–]|to\s)\s?[0-9]{1,2}(?::[0-9]{2})?(?:\s?[ap]m)?)(?!\w)"
)
#: "every weekend in october" does not go on.
_SEASON: Final = re.compile(
    rf"\s+(?:in|of|during|throughout)\s+(?:the\s+)?(?:{MONTH}|spring|summer|fall|autumn|winter|holidays){END}"
)
_UNTIL_MONTH: Final = re.compile(rf"(?<!\w)(?:until|till|til|through)\s+{MONTH}(?!\w)(?!\.?\s*[0-9])")
_QUESTION: Final = re.compile(r"\s*(?:why|how|when|where|who|which)(?!\w)")


def find_repeat(line: Line) -> tuple[int, int, Repeat] | None:
    """The last recurrence of the line that counts: where it stands, and what it means."""
    found: list[tuple[int, int, Repeat]] = []
    for pattern, reader in (
        (_EVERY, _every),
        (_ADVERB, _adverb),
        (_ONCE, _units),
        (_PLURAL, _plural),
        (_PARTS_OF_DAYS, _parts_of_days),
        (_LAST, _nth),
        (_AFTER, _after),
    ):
        for match in pattern.finditer(line.low):
            repeat = reader(line, match)
            if repeat is None:
                continue
            end = match.end()
            if part := _PART.match(line.low, end):
                repeat, end = replace(repeat, hour=PARTS[part["part"]]), part.end()
            if completed := _COMPLETION.match(line.low, end):
                repeat, end = replace(repeat, completion=True), completed.end()
            found.append((match.start(), end, repeat))
    return max(found, key=lambda each: (each[1], each[1] - each[0]), default=None)


def is_beyond(line: Line) -> bool:
    """Whether the line has a recurrence that no rule can tell, so that its times and days are not those of one task."""
    return any(
        _is_multiple(line, found) or _SEASON.match(line.low, found.end()) or _UNTIL_MONTH.search(line.low, found.end())
        for pattern in (_EVERY, _ADVERB)
        for found in pattern.finditer(line.low)
    )


def is_repeat(low: str) -> bool:
    """Whether the whole of `low` is a recurrence that begins with "every"."""
    return _EVERY.fullmatch(low.strip()) is not None


def _every(line: Line, found: re.Match[str]) -> Repeat | None:
    if line.previous_word(found.start()) in ("of", "for", "not"):
        return None
    repeat = _every_what(line, found)
    return replace(repeat, completion=True) if repeat and found["done"] else repeat


def _every_what(line: Line, found: re.Match[str]) -> Repeat | None:
    if found["workday"]:
        return replace(_WORKDAYS, hour=PARTS["night"]) if "night" in found["workday"] else _WORKDAYS
    if found["weekend"]:
        return Repeat("WEEKLY", weekdays=((0, 5),))
    if found["part"]:
        if line.next_word(found.end()) in ("and", "or", "&"):
            return None
        return Repeat("DAILY", hour=PARTS[found["part"]])
    if found["unit"]:
        # "every day carry knife"
        bare = found[0].endswith(found["unit"]) and not (found["other"] or found["count"])
        return None if bare and not _goes_on(line, found) else _units(line, found)
    if found["days"]:
        plural = line.low[found.end() - 1] == "s" and not found[0].endswith(_SHORT_WITH_S)
        if plural and line.next_word(found.end()) and not _is_clock(line, found.end()):
            return None
        if not (found["other_day"] or found["weeks"]) and not _goes_on(line, found):
            # "each monday board card"
            return None
        interval = 2 if found["other_day"] else int(found["weeks"] or 1)
        return Repeat("WEEKLY", interval, weekdays=_weekdays(found["days"])) if 1 <= interval <= 99 else None
    if found["nth"]:
        return _nth(line, found)
    month, day = found["yearmonth"] or found["yearmonth2"], found["yearday"] or found["yearday2"]
    return _on_year_day(Repeat("YEARLY"), month, day)


def _units(line: Line, found: re.Match[str]) -> Repeat | None:
    frequency, size = _UNITS[found["unit"]]
    groups = found.groupdict()
    count = 2 if groups.get("other") else _count(groups.get("count"))
    if not 1 <= count * size <= 999:
        return None
    return _with_days(Repeat(frequency, count * size), found)


def _count(text: str | None) -> int:
    if text is None:
        return 1
    if text in ORDINALS:
        return ORDINALS[text]
    return int(re.sub(r"[a-z]", "", text)) if text[0].isdigit() else number_of(text)


def _with_days(repeat: Repeat, found: re.Match[str]) -> Repeat | None:
    """The rule with its "on …", if that goes with its unit."""
    groups = found.groupdict()
    if groups.get("on_days"):
        return replace(repeat, weekdays=_weekdays(found["on_days"])) if repeat.frequency == "WEEKLY" else None
    if groups.get("on_nth"):
        return _on_nth(repeat, found["on_nth"], found["on_nth_day"]) if repeat.frequency == "MONTHLY" else None
    month, day = groups.get("month") or groups.get("month2"), groups.get("day") or groups.get("day2")
    if month and day:
        return _on_year_day(repeat, month, day) if repeat.frequency == "YEARLY" else None
    return repeat


def _nth(line: Line, found: re.Match[str]) -> Repeat | None:
    if found["nth"] == "second" and found["nth_day"] not in (None, "day") and "month" not in found[0]:
        # Every other friday, or the second one of each month?
        return None
    # "every third" alone may be a third of anything.
    if not found["nth"][0].isdigit() and not found["nth_day"] and "month" not in found[0]:
        return None
    return _on_nth(Repeat("MONTHLY"), found["nth"], found["nth_day"])


def _on_nth(repeat: Repeat, text: str, weekday: str | None) -> Repeat | None:
    numbers = tuple(_count(nth) for nth in re.findall(_NTH, text))
    if weekday in (None, "day"):
        return replace(repeat, month_days=numbers) if all(-1 <= n <= 31 and n for n in numbers) else None
    named = tuple((n, WEEKDAYS[weekday]) for n in numbers)
    return replace(repeat, weekdays=named) if all(-1 <= n <= 5 and n for n in numbers) else None


def _on_year_day(repeat: Repeat, month: str, day: str) -> Repeat | None:
    number, days = MONTHS[month], int(day)
    if not 1 <= days <= calendar.monthrange(2000, number)[1]:
        return None
    return replace(repeat, month=number, month_days=(days,))


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    named: set[int] = set()
    last = 0
    for found in re.finditer(rf"(?P<to>[-–]\s*|\s(?:to|through|thru)\s+)?(?P<day>{WEEKDAY})", text):
        day = WEEKDAYS[found["day"]]
        named |= {(last + ahead) % 7 for ahead in range((day - last) % 7)} | {day} if found["to"] else {day}
        last = day
    return tuple((0, day) for day in sorted(named))


def _adverb(line: Line, found: re.Match[str]) -> Repeat | None:
    if line.previous_word(found.start()) in NOT_AFTER or (
        line.is_capital(found.start()) and not line.is_head(found.start())
    ):
        return None
    plain = found.end() - found.start() == len(found["adverb"])
    stands = line.is_tail(found.end()) or line.next_word(found.end()) in FOLLOW | {""} or _is_clock(line, found.end())
    if plain and not stands:
        return None
    if plain and line.is_head(found.start()) and line.is_tail(found.end()):
        return None
    frequency, interval = _ADVERBS[found["adverb"]]
    hour = PARTS["night"] if found["adverb"] == "nightly" else None
    return _with_days(Repeat(frequency, interval, hour=hour), found)


def _plural(line: Line, found: re.Match[str]) -> Repeat | None:
    timed = _is_clock(line, found.end())
    several = found["days"] and " " in found["days"] and line.is_tail(found.end())
    stands = (found["on"] or several) and line.next_word(found.end()) in FOLLOW | {""} and not _QUESTION.match(line.low)
    if not (timed or stands):
        return None
    if found["workdays"]:
        return _WORKDAYS
    return Repeat("WEEKLY", weekdays=((0, 5),) if found["weekends"] else _weekdays(found["days"]))


def _parts_of_days(line: Line, found: re.Match[str]) -> Repeat | None:
    """ "wednesday nights", which `_PART` gives their hour."""
    end = found.end("part") + 1
    stands = line.is_tail(end) or line.next_word(end) in FOLLOW | {""} or _is_clock(line, end)
    if not stands or line.is_capital(found.start("part")) or line.previous_word(found.start()) in NOT_AFTER:
        return None
    return _WORKDAYS if found["days"] == "weekday" else Repeat("WEEKLY", weekdays=_weekdays(found["days"]))


def _is_multiple(line: Line, found: re.Match[str]) -> bool:
    """Whether it is "twice daily" or "3 times every day", which is no day's own task."""
    return re.fullmatch(r"twice|thrice|times|[0-9]+x", line.previous_word(found.start())) is not None


def _goes_on(line: Line, found: re.Match[str]) -> bool:
    """Whether what follows "every day" shows that it describes no noun."""
    word = line.next_word(found.end())
    if line.is_head(found.start()):
        return word not in ("is", "was", "has", "counts")
    return word in FOLLOW | {"", *PARTS, "this", "next", "except", "around"} or not word[0].isalpha()


def _after(line: Line, found: re.Match[str]) -> Repeat | None:
    repeat = _units(line, found)
    return replace(repeat, completion=True) if repeat else None


def _is_clock(line: Line, end: int) -> bool:
    return _CLOCK.match(line.low, end) is not None
