"""iCalendar (RFC 5545): tasks (VTODO) of any program that keeps them, and events (VEVENT) as tasks that are due then.

Lines are read by `icalendar_lines.py` and not by the library, which refuses a whole calendar for one broken line; it
reads spans of time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from typing import Any, Final

from taskflow.domain.importers.icalendar_lines import Component, content_lines, read_property, unescape
from taskflow.domain.importers.icalendar_zones import Zones
from taskflow.domain.importers.json_documents import check_rule, parents_first
from taskflow.domain.importers.records import (
    MAX_DESCRIPTION,
    MAX_ESTIMATE_MINUTES,
    MAX_EXTERNAL_ID,
    MAX_REMINDERS,
    MAX_TASKS,
    ImportedComment,
    ImportedReminder,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
    Status,
)
from taskflow.domain.importers.texts import clean, clean_line, decode, fit, quote
from taskflow.domain.priority import Priority
from taskflow.domain.zones import load_zone, local_date

EXPECTED: Final = "an iCalendar file (.ics) with tasks or events, which begins BEGIN:VCALENDAR."
SOURCE: Final = "the calendar"
_STATUSES: Final[dict[str, Status]] = {
    "NEEDS-ACTION": "todo",
    "IN-PROCESS": "in_progress",
    "COMPLETED": "done",
    "CANCELLED": "cancelled",
    "TENTATIVE": "todo",
    "CONFIRMED": "todo",
    "": "todo",
}
_READ: Final = frozenset({"VTODO", "VEVENT"})
_MAX_LINES: Final = 1_000


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The tasks and events of a calendar; see `Importer`. `external_id` is the UID, `line` that of its BEGIN."""
    del name, now
    problems = Problems()
    text = decode(data, problems, expected=EXPECTED)
    if "BEGIN:VCALENDAR" not in text[:10_000].upper():
        raise ImportFormatError(f"This is no calendar. Expected: {EXPECTED}")
    reader = _Reader(problems, load_zone(timezone))
    reader.read(text)
    if not reader.seen:
        raise ImportFormatError(f"The calendar has neither tasks nor events. Expected: {EXPECTED}")
    return ParsedImport(reader.finish(), problems.collect())


@dataclass(slots=True)
class _Reader:
    """Reads the lines of a file in order."""

    problems: Problems
    zone: tzinfo
    tasks: dict[str, ImportedTask] = field(default_factory=dict)
    children: dict[str, str] = field(default_factory=dict)
    zones: Zones = field(default_factory=Zones)
    unknown: set[str] = field(default_factory=set)
    project: str | None = None
    seen: int = 0
    left_out: int = 0

    def read(self, text: str) -> None:
        self.zones.define(text)
        current: Component | None = None
        #: Names of the components that are open within the current one.
        inner: list[str] = []
        for number, line in content_lines(text):
            upper = line[:60].upper().strip()
            if upper.startswith("BEGIN:"):
                kind = upper.removeprefix("BEGIN:")
                if current is not None and kind in _READ:
                    self.problems.add(current.line, f"This {current.kind} never ends: it was left out. Add its END.")
                    current, inner = None, []
                if current is not None:
                    inner.append(kind)
                elif kind in _READ:
                    current = Component(kind, number)
            elif upper.startswith("END:") and current is not None:
                if inner:
                    inner.pop()
                elif upper == f"END:{current.kind}":
                    self._finish(current)
                    current = None
            elif current is None:
                if upper.startswith("X-WR-CALNAME"):
                    self._name(line)
                elif upper == "END:VCALENDAR":
                    self.project = None
            else:
                self._add(current, inner, number, line)
        if current is not None:
            self.problems.add(current.line, f"This {current.kind} never ends: it was left out. Add its END.")

    def _name(self, line: str) -> None:
        try:
            self.project = clean_line(read_property(line).text)[:200] or None
        except ValueError:
            self.project = None

    def _add(self, current: Component, inner: list[str], number: int, line: str) -> None:
        if not line.strip() or sum(map(len, current.properties.values())) >= _MAX_LINES:
            return
        try:
            found = read_property(line)
        except ValueError as wrong:
            self.problems.add(number, f"This line was left out: {wrong}.")
            return
        if inner == ["VALARM"]:
            if found.name == "TRIGGER":
                current.triggers.append(found)
        elif not inner:
            current.properties.setdefault(found.name, []).append(found)

    def _finish(self, component: Component) -> None:
        self.seen += 1
        if len(self.tasks) >= MAX_TASKS:
            self.left_out += 1
            return
        title = clean_line(component.text("SUMMARY"))
        if not title:
            self.problems.add(component.line, "A task without a SUMMARY was left out. Give it one.", "SUMMARY")
            return
        uid = clean_line(component.text("UID"))
        if uid and component.first("RECURRENCE-ID") is not None:
            detail = "A changed single date of a series was left out: the series itself is taken over."
            self.problems.add(component.line, detail, "RECURRENCE-ID")
            return
        external_id = _identify(uid, title)
        if external_id in self.tasks:
            self.problems.add(component.line, f"The UID {quote(uid)} stands there twice: left out.", "UID")
            return
        self.tasks[external_id] = self._task(component, external_id, title)

    def _task(self, component: Component, external_id: str, title: str) -> ImportedTask:
        line = component.line
        notes = [clean(component.text("DESCRIPTION"))]
        due, start, length = self._dates(component, notes)
        status = self._status(component)
        rule = component.first("RRULE")
        recurrence = check_rule(rule.value if rule else None, line, self.problems, notes, SOURCE)
        places = ((name, clean_line(component.text(name))) for name in ("LOCATION", "URL"))
        notes += [f"{name.capitalize()}: {value[:2000]}" for name, value in places if value]
        parent, depends_on = self._related(component, external_id)
        comments = [clean(found.text)[:MAX_DESCRIPTION] for found in component.properties.get("COMMENT", ())]
        priority = self._priority(component)
        completed, created = (self._moment(component, name, notes) for name in ("COMPLETED", "CREATED"))
        title, description = fit(title, notes, line, self.problems)
        return ImportedTask(
            line=line,
            external_id=external_id,
            title=title,
            description=description,
            project=self.project,
            parent_external_id=parent,
            labels=_labels(component),
            status=status,
            priority=priority,
            due_date=None if isinstance(due, datetime) else due,
            due_at=due if isinstance(due, datetime) else None,
            start_date=start,
            estimate_minutes=length,
            created_at=created,
            completed_at=completed if status == "done" else None,
            recurrence=recurrence,
            reminders=tuple(self._reminders(component)),
            comments=tuple(ImportedComment(body) for body in comments if body),
            depends_on=depends_on,
        )

    def _dates(self, component: Component, notes: list[str]) -> tuple[date | datetime | None, date | None, int | None]:
        """Due, start, and how many minutes it takes: of an event, its start is when it is due."""
        start, due = self._date(component, "DTSTART", notes), self._date(component, "DUE", notes)
        length = self._duration(component)
        if component.kind == "VEVENT":
            end = self._date(component, "DTEND", notes)
            if length is None and isinstance(start, datetime) and isinstance(end, datetime):
                length = end - start
            return start, None, _minutes(length)
        if due is None and start is not None and length is not None:
            due = _shift(start, length)
        day = local_date(start, self.zone) if isinstance(start, datetime) else start
        return due, day, None

    def _date(self, component: Component, name: str, notes: list[str]) -> date | datetime | None:
        found = component.first(name)
        if found is None or not found.value.strip():
            return None
        value = found.value.strip()
        try:
            if re.fullmatch(r"\d{8}", value, re.ASCII):
                return date(int(value[:4]), int(value[4:6]), int(value[6:]))
            if match := re.fullmatch(r"(\d{8})T(\d\d)(\d\d)(\d\d)(Z?)", value, re.ASCII):
                day = date(int(value[:4]), int(value[4:6]), int(value[6:8]))
                clock = time(int(match[2]), int(match[3]), min(int(match[4]), 59))
                zone = UTC if match[5] else self._zone(component.line, found.params.get("TZID"))
                return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        notes.append(f"{name} in {SOURCE}: {clean_line(value)[:200]}")
        detail = f"{name} {quote(value)} is no date such as 20261201 or 20261201T170000Z: it is in the description."
        self.problems.add(component.line, detail, name)
        return None

    def _moment(self, component: Component, name: str, notes: list[str]) -> datetime | None:
        found = self._date(component, name, notes)
        if found is None or isinstance(found, datetime):
            return found
        try:
            return datetime.combine(found, time(0), tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            return None

    def _zone(self, line: int, name: str | None) -> tzinfo:
        """The zone of that name; one's own where nobody knows it."""
        if not name:
            return self.zone
        found = self.zones.find(name)
        if found is None and name not in self.unknown:
            self.unknown.add(name)
            self.problems.add(line, f"The time zone {quote(name)} is unknown: read as your own.", "TZID")
        return found or self.zone

    def _duration(self, component: Component) -> timedelta | None:
        found = component.first("DURATION")
        return None if found is None else _read_duration(found.value)

    def _status(self, component: Component) -> Status:
        text = clean_line(component.text("STATUS")).upper()
        status = _STATUSES.get(text)
        if status is None:
            self.problems.add(component.line, f"The STATUS {quote(text)} is unknown: read as NEEDS-ACTION.", "STATUS")
            status = "todo"
        percent = clean_line(component.text("PERCENT-COMPLETE"))
        share = int(percent) if re.fullmatch(r"\d{1,3}", percent, re.ASCII) else 0
        if status == "todo" and component.kind == "VTODO":
            if share >= 100 or (component.first("COMPLETED") is not None and not text):
                return "done"
            return "in_progress" if share else "todo"
        return status

    def _priority(self, component: Component) -> Priority:
        """1 is the highest, 9 the lowest, 0 is none; programs with three levels write 1 (or 3), 5 and 9 (or 7)."""
        text = clean_line(component.text("PRIORITY"))
        if not text or text == "0":
            return Priority.NONE
        if not re.fullmatch(r"[1-9]", text, re.ASCII):
            self.problems.add(component.line, f"PRIORITY {quote(text)} is not 0 to 9: read as none.", "PRIORITY")
            return Priority.NONE
        level = int(text)
        if level == 1:
            return Priority.URGENT
        return Priority.HIGH if level < 5 else Priority.MEDIUM if level == 5 else Priority.LOW

    def _related(self, component: Component, external_id: str) -> tuple[str | None, tuple[str, ...]]:
        parent, depends_on = None, []
        for found in component.properties.get("RELATED-TO", ()):
            other = clean_line(found.text)
            kind = found.params.get("RELTYPE", "PARENT").upper()
            if not other or _identify(other, "") == external_id:
                continue
            if kind == "PARENT":
                parent = parent or _identify(other, "")
            elif kind == "CHILD":
                self.children.setdefault(_identify(other, ""), external_id)
            elif kind == "DEPENDS-ON":
                depends_on.append(_identify(other, ""))
        return parent, tuple(dict.fromkeys(depends_on))

    def _reminders(self, component: Component) -> Iterator[ImportedReminder]:
        for trigger in component.triggers[:MAX_REMINDERS]:
            value = trigger.value.strip()
            if match := re.fullmatch(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", value, re.ASCII):
                year, month, day, hour, minute, second = map(int, match.groups())
                try:
                    yield ImportedReminder(at=datetime(year, month, day, hour, minute, second, tzinfo=UTC))
                except ValueError:
                    self.problems.add(
                        component.line, f"The alarm {quote(value)} was left out: no such time.", "TRIGGER"
                    )
            elif (span := _read_duration(value)) is not None and timedelta() <= -span <= timedelta(days=366):
                yield ImportedReminder(minutes_before=int(-span.total_seconds() // 60))
            else:
                detail = f"The alarm {quote(value)} was left out: it is not before the task."
                self.problems.add(component.line, detail, "TRIGGER")

    def finish(self) -> tuple[ImportedTask, ...]:
        if self.left_out:
            detail = f"A file may hold {MAX_TASKS:,} tasks: {self.left_out:,} were left out. Split the file."
            self.problems.add(max(task.line for task in self.tasks.values()), detail)
        found = []
        for task in self.tasks.values():
            parent = task.parent_external_id or self.children.get(task.external_id)
            known = tuple(each for each in task.depends_on if each in self.tasks)
            found.append(replace(task, parent_external_id=parent, depends_on=known))
        return parents_first(found, self.problems)


def _identify(uid: str, title: str) -> str:
    if uid and len(uid) <= MAX_EXTERNAL_ID - 4:
        return f"uid:{uid}"
    return f"digest:{sha256((uid or title).encode()).hexdigest()}"


def _labels(component: Component) -> tuple[str, ...]:
    """CATEGORIES may come several times, each with commas between (an escaped comma is part of a name)."""
    values = (found.value for found in component.properties.get("CATEGORIES", ()))
    parts = (part for value in values for part in re.split(r"(?<!\\),", value))
    names = (clean_line(unescape(part)) for part in parts)
    return tuple(dict.fromkeys(name for name in names if name))


def _read_duration(value: str) -> timedelta | None:
    from icalendar import vDuration

    try:
        found: Any = vDuration.from_ical(value.strip()[:50])
    except (ValueError, OverflowError):
        return None
    return found if isinstance(found, timedelta) else None


def _minutes(length: timedelta | None) -> int | None:
    minutes = 0 if length is None else int(length.total_seconds() // 60)
    return minutes if 0 < minutes <= MAX_ESTIMATE_MINUTES else None


def _shift(start: date | datetime, length: timedelta) -> date | datetime | None:
    try:
        return start + length
    except OverflowError:
        return None
