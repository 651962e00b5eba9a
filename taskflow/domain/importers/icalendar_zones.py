"""The time zones that an iCalendar file names: those known here, those of Windows, and those that it defines itself.

A file's own definitions hold for that file. The library would keep them for the whole process, so that one person's
file gave a name its meaning in everybody's; and it follows whatever rule stands there, one for each second too.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from taskflow.domain.importers.icalendar_lines import Component, content_lines, read_property

#: Where definitions begin and end; one pattern for a whole definition would look for the end from every beginning anew.
_BOUND: Final = re.compile(r"^(BEGIN|END):VTIMEZONE\b", re.MULTILINE | re.IGNORECASE)
#: Characters of one.
_LONGEST: Final = 20_000
_MOST_ZONES: Final = 100
#: Names that are looked up in a file, more than there are zones: one that nobody knows costs about 0.2 ms.
_MOST_NAMES: Final = 1_000
#: Rules of all definitions of a file.
_MOST_RULES: Final = 200
_MOST_ONSETS: Final = 1_000
#: Clocks are changed by a rule in these years; programs write rules that began in 1601.
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2100
_OFFSET: Final = re.compile(r"([+-])(\d\d)([0-5]\d)(?:[0-5]\d)?", re.ASCII)
_MOMENT: Final = re.compile(r"(\d{8}T\d{6})Z?", re.ASCII)
#: A day of each year: nobody changes clocks by other rules.
_RULE: Final = re.compile(
    r"(?=(?:.*;)?FREQ=YEARLY)(?:;?(?:FREQ=YEARLY|INTERVAL=1|WKST=[A-Z]{2}|UNTIL=\d{8}(?:T\d{6}Z?)?"
    r"|BYMONTH=\d{1,2}|BYDAY=[+-]?\d?[A-Z]{2}|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2})*))+",
    re.ASCII,
)

_UNTIL: Final = re.compile(r"UNTIL=(\d{4})", re.ASCII)


@dataclass(slots=True)
class Zones:
    """The zones of one file, each looked up once."""

    _definitions: dict[str, str] = field(default_factory=dict)
    _found: dict[str, tzinfo | None] = field(default_factory=dict)
    _rules: int = 0

    def define(self, text: str) -> None:
        """Takes note of the definitions in a file; they are read when a name asks for one."""
        for definition in islice(_definitions(text), _MOST_ZONES):
            for _, line in content_lines(definition):
                if line.upper().startswith(("TZID:", "TZID;")):
                    self._definitions.setdefault(line.partition(":")[2].strip(), definition)
                    break

    def find(self, name: str) -> tzinfo | None:
        """The zone of that name: known here, to Windows, at the end of the name, or defined in the file; or None, as
        for every name beyond `_MOST_NAMES`."""
        if name not in self._found:
            if len(self._found) >= _MOST_NAMES:
                return None
            self._found[name] = _known(name) or self._defined(name)
        return self._found[name]

    def _defined(self, name: str) -> tzinfo | None:
        text = self._definitions.get(name.strip())
        self._rules += 0 if text is None else text.upper().count("RRULE")
        if text is None or self._rules > _MOST_RULES:
            return None
        try:
            return _read(text)
        except (ValueError, OverflowError):
            return None


def _definitions(text: str) -> Iterator[str]:
    """The definitions in a file, each from the last beginning before its end."""
    begin: int | None = None
    for bound in _BOUND.finditer(text):
        if bound[1].upper() == "BEGIN":
            begin = bound.start()
        elif begin is not None:
            if bound.end() - begin <= _LONGEST:
                yield text[begin : bound.end()]
            begin = None


def _known(name: str) -> tzinfo | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    plain = name.strip().strip("/")
    parts = plain.split("/")
    # Some programs put their own name before the zone's: /example.org/Europe/Berlin.
    ends = ("/".join(parts[-length:]) for length in (3, 2) if len(parts) > length)
    for each in (plain, WINDOWS_TO_OLSON.get(plain, ""), *ends):
        try:
            if each:
                return ZoneInfo(each)
        except (KeyError, ValueError, OSError):
            continue
    return None


class _Defined(tzinfo):
    """A zone by the instants (naive, of UTC) at which its clocks change, and the offset from each on."""

    def __init__(self, changes: list[tuple[datetime, timedelta]], first: timedelta) -> None:
        self._offsets = [first, *(offset for _, offset in changes)]
        #: What the clocks show where each offset ends; a time that was skipped is read by the offset before.
        self._ends = [
            moment + max(before, after) for (moment, after), before in zip(changes, self._offsets, strict=False)
        ]

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """The offset at a wall clock; of a time that comes twice, the first."""
        if moment is None:
            return self._offsets[-1]
        wall = moment.replace(tzinfo=None, fold=0)
        return self._offsets[bisect_right(self._ends, wall)]

    def dst(self, moment: datetime | None) -> None:
        """Not known: only offsets are read."""

    def tzname(self, moment: datetime | None) -> None:
        """Not known."""


def _read(text: str) -> tzinfo:
    """`ValueError` for a definition that is none."""
    changes: list[tuple[datetime, timedelta]] = []
    first: tuple[datetime, timedelta] | None = None
    for part in _observances(text):
        before, after = _offset(part, "TZOFFSETFROM"), _offset(part, "TZOFFSETTO")
        for onset in _onsets(part):
            changes.append((onset - before, after))
            first = min(first or (onset, before), (onset, before))
    if first is None:
        raise ValueError("a zone without an offset")
    return _Defined(sorted(changes), first[1])


def _observances(text: str) -> Iterator[Component]:
    current: Component | None = None
    for number, line in content_lines(text):
        found = read_property(line)
        if found.name == "BEGIN" and found.value.strip().upper() in ("STANDARD", "DAYLIGHT"):
            current = Component(found.value, number)
        elif found.name == "END" and current is not None:
            yield current
            current = None
        elif current is not None:
            current.properties.setdefault(found.name, []).append(found)


def _offset(part: Component, name: str) -> timedelta:
    found = _OFFSET.fullmatch(part.text(name).strip())
    if found is None:
        raise ValueError(f"{name} is no offset")
    length = timedelta(hours=int(found[2]), minutes=int(found[3]))
    if length >= timedelta(days=1):
        raise ValueError(f"{name} is a day or more")
    return -length if found[1] == "-" else length


def _onsets(part: Component) -> list[datetime]:
    """The wall clocks, before the change, at which this offset begins."""
    start = _moment(part.text("DTSTART"))
    rule = part.text("RRULE").strip().upper()
    dates = [value for found in part.properties.get("RDATE", ()) for value in found.value.split(",")]
    return [start, *map(_moment, dates[:_MOST_ONSETS]), *(_repeated(start, rule) if rule else ())]


def _repeated(start: datetime, rule: str) -> list[datetime]:
    from dateutil.rrule import rrule, rrulestr

    if not _RULE.fullmatch(rule):
        raise ValueError("a rule of more than a day a year")
    followed = rrulestr(rule, dtstart=start.replace(year=max(start.year, _FIRST_YEAR)), ignoretz=True)
    if not isinstance(followed, rrule):
        raise ValueError("no rule")
    ends = _UNTIL.search(rule)
    if ends is None or int(ends[1]) > _LAST_YEAR:
        # A rule without any day, such as 30 February, would be followed to the year 9999.
        followed = followed.replace(until=datetime(_LAST_YEAR, 12, 31))  # noqa: DTZ001 - a wall clock
    return list(islice(followed, _MOST_ONSETS))


def _moment(text: str) -> datetime:
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise ValueError("no time")
    return datetime.strptime(found[1], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall clock
