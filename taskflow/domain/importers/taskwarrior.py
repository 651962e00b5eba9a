"""Taskwarrior's JSON: what `task export` writes, an array of tasks, or one task a line.

The format is "Taskwarrior JSON Format" in Taskwarrior's developer documentation. Names that are not in it are user
defined attributes (UDAs): their values are kept in the description.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Final
from uuid import UUID

from taskflow.domain.importers.english_rules import read_recur
from taskflow.domain.importers.json_documents import check_rule
from taskflow.domain.importers.json_objects import iterate_objects
from taskflow.domain.importers.records import (
    MAX_DESCRIPTION,
    MAX_ESTIMATE_MINUTES,
    MAX_LABEL,
    MAX_TASKS,
    ImportedComment,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
    Status,
)
from taskflow.domain.importers.texts import clean, clean_line, decode, fit, quote
from taskflow.domain.priority import Priority
from taskflow.domain.zones import load_zone, local_date

EXPECTED: Final = "the JSON that `task export > tasks.json` writes: an array of tasks, or one task a line."
#: `waiting` is not among the outcomes: such a task is to do, from its `wait` date on.
_STATUSES: Final[dict[str, Status]] = {
    "pending": "todo",
    "waiting": "todo",
    "recurring": "todo",
    "completed": "done",
    "deleted": "cancelled",
}
_PRIORITIES: Final = {"H": Priority.HIGH, "M": Priority.MEDIUM, "L": Priority.LOW, "": Priority.NONE}
#: What Taskwarrior keeps for itself, or computes.
_INTERNAL: Final = frozenset({"id", "urgency", "modified", "mask", "imask", "rtype", "last", "template"})
_READ: Final = frozenset(
    {"uuid", "description", "status", "priority", "project", "tags", "depends", "annotations", "due", "wait"}
    | {"scheduled", "start", "entry", "end", "until", "parent", "recur", "estimate"}
)
_MOMENT: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:\.\d{1,9})?Z", re.ASCII)
_DURATION: Final = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII)
_MAX_ATTRIBUTES: Final = 50
_MAX_COMMENTS: Final = 1_000


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The tasks of an export; see `Importer`. `external_id` is Taskwarrior's UUID.

    A due date at the first or last moment of a day in `timezone` is all-day, as Taskwarrior stores `due:2026-12-01`
    and `due:eod`. Deleted tasks become cancelled ones. The template of a repeating task is left out if the file holds
    one of its tasks that is still to do.
    """
    del name, now
    problems = Problems()
    found = list(iterate_objects(decode(data, problems, expected=EXPECTED), problems))
    if not found:
        first = problems.collect()[:1]
        reason = f"Line {first[0].line}: {first[0].detail} " if first else ""
        raise ImportFormatError(f"{reason}No task was found. Expected: {EXPECTED}")
    if not any("description" in raw or "uuid" in raw for _, raw in found):
        raise ImportFormatError(f"Nothing in this file looks like a task of Taskwarrior. Expected: {EXPECTED}")
    reader = _Reader(problems, load_zone(timezone), _repeated(raw for _, raw in found))
    for line, raw in found:
        reader.read(line, raw)
    return ParsedImport(reader.finish(), problems.collect())


def _repeated(tasks: Iterable[dict[str, object]]) -> frozenset[str]:
    """The templates (UUIDs) of which there is a task that is still to do."""
    parents = (task.get("parent") for task in tasks if task.get("status") in ("pending", "waiting"))
    return frozenset(parent.lower() for parent in parents if isinstance(parent, str))


@dataclass(slots=True)
class _Reader:
    """Reads tasks in order and remembers which it has seen."""

    problems: Problems
    zone: tzinfo
    repeated: frozenset[str]
    tasks: dict[str, ImportedTask] = field(default_factory=dict)
    left_out: int = 0

    def read(self, line: int, raw: dict[str, object]) -> None:
        fields = _Fields(line, raw, self.problems, self.zone)
        title = clean_line(fields.text("description"))
        if not title:
            self.problems.add(line, "A task without a description was left out. Give it one.", "description")
            return
        external_id = fields.identify(title)
        if external_id in self.tasks:
            self.problems.add(line, f"The uuid {external_id} stands there twice: this task was left out.", "uuid")
            return
        status = fields.text("status").lower()
        if status == "recurring" and external_id in self.repeated:
            every = quote(fields.text("recur"))
            detail = f"The template of a repeating task (every {every}) was left out; its tasks are in the file."
            self.problems.add(line, detail, "recur")
            return
        if len(self.tasks) >= MAX_TASKS:
            self.left_out += 1
            return
        self.tasks[external_id] = fields.task(external_id, title, status)

    def finish(self) -> tuple[ImportedTask, ...]:
        tasks = tuple(self.tasks.values())
        for task in tasks:
            missing = [each for each in task.depends_on if each not in self.tasks]
            if missing:
                detail = f"It waits for {', '.join(missing[:5])}{', …' if len(missing) > 5 else ''}, not in this file: "
                self.problems.add(
                    task.line, detail + "that counts only for tasks that were imported before.", "depends"
                )
        if self.left_out:
            detail = (
                f"A file may hold {MAX_TASKS:,} tasks: {self.left_out:,} more were left out. Export them by a filter."
            )
            self.problems.add(tasks[-1].line, detail)
        return tasks


@dataclass(slots=True)
class _Fields:
    """The attributes of one task, each read with a type, whatever the file holds."""

    line: int
    raw: dict[str, object]
    problems: Problems
    zone: tzinfo
    notes: list[str] = field(default_factory=list)

    def task(self, external_id: str, title: str, status: str) -> ImportedTask:
        if status not in _STATUSES and status:
            self.problems.add(self.line, f"The status {quote(status)} is unknown: read as pending.", "status")
        state = _STATUSES.get(status, "todo")
        due_date, due_at = self._due()
        start_date = self._start_date()
        entry, end, started = self.moment("entry"), self.moment("end"), self.moment("start")
        if state == "todo" and started is not None:
            state = "in_progress"
        if state == "cancelled" and end is not None:
            self.notes.append(f"Deleted in Taskwarrior: {end:%Y-%m-%d %H:%M} UTC")
        recurrence = self._read_repetition()
        labels, priority, estimate = self._labels(), self._priority(), self._estimate()
        depends_on = self._depends_on(external_id)
        self._note_attributes()
        comments = self._comments()
        title, description = fit(title, self.notes, self.line, self.problems)
        return ImportedTask(
            line=self.line,
            external_id=external_id,
            title=title,
            description=description,
            project=clean_line(self.text("project"))[:200] or None,
            labels=labels,
            status=state,
            priority=priority,
            due_date=due_date,
            due_at=due_at,
            start_date=start_date,
            estimate_minutes=estimate,
            recurrence=recurrence,
            created_at=entry,
            completed_at=end if state == "done" else None,
            comments=comments,
            depends_on=depends_on,
        )

    def text(self, name: str) -> str:
        """A text attribute; numbers are written out, anything else is a problem."""
        value = self.raw.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self.problems.add(self.line, f"{name} is not a text and was left out.", name)
        return ""

    def identify(self, title: str) -> str:
        """The task's UUID in its usual form; for a task without one, a digest of its time of entry and its words."""
        given = self.text("uuid").strip()
        try:
            return str(UUID(given))
        except ValueError:
            if given:
                self.problems.add(self.line, f"{quote(given)} is not a UUID: another id was made.", "uuid")
            known = "\0".join([clean_line(self.text("entry")), title])
            return "taskwarrior:" + sha256(known.encode()).hexdigest()[:32]

    def moment(self, name: str) -> datetime | None:
        """A date attribute as an aware UTC datetime; one that cannot be read goes into the description."""
        text = self.text(name).strip()
        if not text:
            return None
        found = _MOMENT.fullmatch(text)
        try:
            if found:
                year, month, day, hour, minute, second = map(int, found.groups())
                return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            pass
        self.notes.append(f"{name.capitalize()} in Taskwarrior: {clean_line(text)}")
        detail = f"{name} {quote(text)} is not a date such as 20261231T180000Z: it is in the description."
        self.problems.add(self.line, detail, name)
        return None

    def _due(self) -> tuple[date | None, datetime | None]:
        due = self.moment("due")
        if due is None:
            return None, None
        day = self._whole_day(due)
        return (day, None) if day else (None, due)

    def _whole_day(self, moment: datetime) -> date | None:
        """The day of which `moment` is the first or the last second in the user's zone."""
        try:
            local = moment.astimezone(self.zone)
        except OverflowError:
            return None
        return local.date() if (local.hour, local.minute, local.second) in ((0, 0, 0), (23, 59, 59)) else None

    def _start_date(self) -> date | None:
        """The later of `wait` and `scheduled`, as a day; a time of day goes into the description."""
        days = []
        for name in ("wait", "scheduled"):
            moment = self.moment(name)
            if moment is None:
                continue
            days.append(local_date(moment, self.zone))
            if self._whole_day(moment) is None:
                self.notes.append(f"{name.capitalize()} in Taskwarrior: {moment:%Y-%m-%d %H:%M} UTC")
        return max(days, default=None)

    def _read_repetition(self) -> str | None:
        """The rule of `recur`; what cannot be one goes into the description."""
        every = clean_line(self.text("recur"))
        rule = read_recur(every)
        if every and rule is None:
            self.notes.append(f"Repeats in Taskwarrior: {every}")
            detail = f"It repeats ({quote(every)}): it was taken over once, the rule is in the description."
            self.problems.add(self.line, detail, "recur")
        until = self.moment("until")
        if until is not None:
            self.notes.append(f"Until in Taskwarrior: {until:%Y-%m-%d %H:%M} UTC")
            if rule is not None:
                rule = f"{rule};UNTIL={until:%Y%m%dT%H%M%SZ}"
        return check_rule(rule, self.line, self.problems, self.notes, "Taskwarrior")

    def _labels(self) -> tuple[str, ...]:
        names = [name.strip() for name in self._texts("tags")]
        long = [name for name in names if len(name) > MAX_LABEL]
        if long:
            self.notes.append("Tags in Taskwarrior: " + " ".join(long))
            detail = f"Tags of more than {MAX_LABEL} characters are in the description."
            self.problems.add(self.line, detail, "tags")
        return tuple(dict.fromkeys(name for name in names if name and name not in long))

    def _priority(self) -> Priority:
        text = self.text("priority").strip()
        level = _PRIORITIES.get(text.upper())
        if level is None:
            self.notes.append(f"Priority in Taskwarrior: {clean_line(text)}")
            detail = f"The priority {quote(text)} is not H, M or L: read as none, it is in the description."
            self.problems.add(self.line, detail, "priority")
        return level or Priority.NONE

    def _estimate(self) -> int | None:
        """The attribute `estimate`, which many define, if it is a duration such as PT1H30M; rounded up to minutes."""
        text = self.text("estimate").strip()
        found = _DURATION.fullmatch(text)
        if found:
            days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
            length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            total = -(-int(length.total_seconds()) // 60)
            if 0 < total <= MAX_ESTIMATE_MINUTES:
                return total
        if text:
            self.notes.append(f"estimate: {clean_line(text)}")
        return None

    def _depends_on(self, own: str) -> tuple[str, ...]:
        ids = []
        for text in self._texts("depends"):
            try:
                ids.append(str(UUID(text.strip())))
            except ValueError:
                self.problems.add(self.line, f"depends has {quote(text)}, which is not a UUID: left out.", "depends")
        if own in ids:
            self.problems.add(self.line, "It depends on itself: that was left out.", "depends")
        return tuple(dict.fromkeys(each for each in ids if each != own))

    def _texts(self, name: str) -> list[str]:
        """A list of texts, or one text with commas between (as `depends` was before 2.6), cleaned to lines."""
        value = self.raw.get(name)
        if value is None:
            return []
        parts: list[object] = [*value] if isinstance(value, list) else [*self.text(name).split(",")]
        texts = [clean_line(part) for part in parts if isinstance(part, str)]
        if len(texts) < len(parts):
            self.problems.add(self.line, f"{name} has something else than texts: it was left out.", name)
        return [text for text in texts if text]

    def _note_attributes(self) -> None:
        """Keeps user defined attributes, as lines `name: value`."""
        names = [name for name in self.raw if name not in _READ and name not in _INTERNAL]
        for name in names[:_MAX_ATTRIBUTES]:
            if text := clean_line(self.text(name)):
                self.notes.append(f"{clean_line(name)[:100]}: {text}")
        if len(names) > _MAX_ATTRIBUTES:
            detail = f"It has {len(names)} attributes of your own: the first {_MAX_ATTRIBUTES} are in the description."
            self.problems.add(self.line, detail)

    def _comments(self) -> tuple[ImportedComment, ...]:
        value = self.raw.get("annotations")
        annotations = value if isinstance(value, list) else []
        if value is not None and not isinstance(value, list):
            self.problems.add(self.line, "annotations is not a list and was left out.", "annotations")
        comments = []
        for annotation in annotations[:_MAX_COMMENTS]:
            raw = annotation if isinstance(annotation, dict) else {"description": annotation}
            fields = _Fields(self.line, raw, self.problems, self.zone, self.notes)
            body = clean(fields.text("description"))
            if len(body) > MAX_DESCRIPTION:
                detail = f"An annotation is longer than {MAX_DESCRIPTION:,} characters: its end was left out."
                self.problems.add(self.line, detail, "annotations")
            if body:
                comments.append(ImportedComment(body[:MAX_DESCRIPTION], fields.moment("entry")))
        if len(annotations) > _MAX_COMMENTS:
            detail = f"Of {len(annotations):,} annotations the first {_MAX_COMMENTS:,} were taken over."
            self.problems.add(self.line, detail, "annotations")
        return tuple(comments)
