"""TaskFlow's own export (`GET export`), as JSON or as the zip with it: what `docs/data.md` describes.

Members are taken over where somebody of that name is in the project here; suggestions and decisions are not. The zip
has the contents of files too.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from taskflow.domain.importers.archives import member_names, unpack
from taskflow.domain.importers.json_documents import (
    Record,
    cut,
    line_of,
    load_document,
    moment_of,
    objects,
    parents_first,
    text_of,
)
from taskflow.domain.importers.records import (
    MAX_COMMENTS,
    MAX_ESTIMATE_MINUTES,
    MAX_REMINDERS,
    MAX_TASKS,
    ImportedComment,
    ImportedFile,
    ImportedReminder,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
    Status,
)
from taskflow.domain.importers.texts import clean, fit, quote
from taskflow.domain.priority import Priority

EXPECTED: Final = 'the JSON or zip of GET export, an object with "format": "taskflow-export".'
SOURCE: Final = "the export"
FORMAT: Final = "taskflow-export"
VERSION: Final = 1
_STATUSES: Final = ("todo", "in_progress", "done", "cancelled")
_PLACE: Final = re.compile(r"files/([0-9a-f-]{36})/.+", re.DOTALL)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The tasks of an export; see `Importer`. `line` is the number of the task in the file, `external_id` its id.

    Tasks in the trash are left out.
    """
    del name, now, timezone
    problems = Problems()
    document = load_document(unpack(data, "export.json", EXPECTED), problems, expected=EXPECTED)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ImportFormatError(f"This is no export of TaskFlow. Expected: {EXPECTED}")
    if document.get("version") != VERSION:
        raise ImportFormatError(f"This export has another version than {VERSION}. Update TaskFlow, or export again.")
    files = _Files(data, problems)
    projects = {
        text_of(each.get("id")): None if each.get("inbox") is True else line_of(each.get("name"))[:200] or None
        for each in objects(document.get("projects"))
    }
    tasks: dict[str, ImportedTask] = {}
    left_out = 0
    raw_tasks = document.get("tasks")
    for line, raw in enumerate(raw_tasks if isinstance(raw_tasks, list) else [], start=1):
        if not isinstance(raw, dict):
            problems.add(line, "This task is not an object and was left out.")
        elif raw.get("deleted_at") is not None:
            continue
        elif len(tasks) >= MAX_TASKS:
            left_out += 1
        elif (task := _read(Record(line, raw, problems, SOURCE), projects, files, tasks)) is not None:
            tasks[task.external_id] = task
    files.tell()
    if left_out:
        problems.add(len(tasks), f"A file may hold {MAX_TASKS:,} tasks: {left_out:,} were left out.")
    return ParsedImport(parents_first(tasks.values(), problems), problems.collect())


class _Files:
    """The files that tasks have, with their places in the archive."""

    def __init__(self, data: bytes, problems: Problems) -> None:
        names = member_names(data)
        self._archived = bool(names)
        self._places = {found[1]: name for name in names if (found := _PLACE.fullmatch(name))}
        self._problems = problems
        self._lost: list[int] = []

    def of(self, record: Record) -> Iterator[ImportedFile]:
        for each in objects(record.raw.get("attachments")):
            identity, name = _identity(each.get("id")), line_of(each.get("name"))
            # Taken out: a file that is named twice is found once.
            place = self._places.pop(identity or "", None)
            if place is not None and identity is not None:
                made = moment_of(each.get("created_at"))
                yield ImportedFile(identity, name, line_of(each.get("content_type"))[:200], place, made)
            elif self._archived:
                self._problems.add(record.line, f"The file {quote(name)} is not in the archive: left out.")
            else:
                self._lost.append(record.line)

    def tell(self) -> None:
        """Says once what a document without contents cannot bring."""
        if self._lost:
            detail = "The contents of files are not in the JSON. To have them too, import the zip of the export."
            self._problems.add(self._lost[0], detail)


def _read(
    record: Record, projects: Mapping[str, str | None], files: _Files, seen: Mapping[str, ImportedTask]
) -> ImportedTask | None:
    raw, title = record.raw, record.line_text("title")
    external_id = _identity(raw.get("id"))
    if not title or external_id is None:
        record.problems.add(
            record.line, "A task without a title or an id was left out.", "title" if external_id else "id"
        )
        return None
    if external_id in seen:
        record.problems.add(record.line, f"The id {external_id} stands there twice: left out.", "id")
        return None
    due_at, due_date = record.moment("due_at"), _day(record, "due_date")
    status, level = record.line_text("status") or "todo", record.line_text("priority") or "none"
    if status not in _STATUSES or level not in {each.value for each in Priority}:
        detail = f"The status {quote(status)} or the priority {quote(level)} is unknown: read as todo and none."
        record.problems.add(record.line, detail, "status")
        status, level = "todo", "none"
    estimate = raw.get("estimate_minutes")
    valid = isinstance(estimate, int) and not isinstance(estimate, bool) and 0 <= estimate <= MAX_ESTIMATE_MINUTES
    rule = record.rule(text_of(raw.get("recurrence")) or None)
    title, description = fit(title, [_body(raw.get("description")), *record.notes], record.line, record.problems)
    blockers = (_identity(each) for each in _listed(raw, "blocked_by"))
    return ImportedTask(
        line=record.line,
        external_id=external_id,
        title=title,
        description=description,
        project=projects.get(text_of(raw.get("project"))),
        parent_external_id=_identity(raw.get("parent")),
        labels=tuple(dict.fromkeys(filter(None, map(line_of, _listed(raw, "labels"))))),
        status=cast(Status, status),
        priority=Priority(level),
        due_date=None if due_at else due_date,
        due_at=due_at,
        start_date=_day(record, "start_date"),
        estimate_minutes=estimate if valid else None,
        created_at=moment_of(raw.get("created_at")),
        completed_at=moment_of(raw.get("completed_at")) if status == "done" else None,
        recurrence=rule,
        recurrence_basis="completion" if raw.get("recurrence_basis") == "completion" else "due",
        reminders=tuple(_reminders(raw)),
        assignees=tuple(dict.fromkeys(filter(None, map(line_of, _listed(raw, "assignees")))))[:50],
        comments=tuple(_comments(record))[:MAX_COMMENTS],
        files=tuple(files.of(record)),
        depends_on=tuple(dict.fromkeys(each for each in blockers if each and each != external_id)),
    )


def _identity(value: object) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) <= 50 else None
    except ValueError:
        return None


def _body(value: object) -> str:
    return clean(text_of(value))


def _listed(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _day(record: Record, name: str) -> date | None:
    text = record.line_text(name)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    if text:
        record.note(name, text[:200])
        record.problems.add(
            record.line, f"{name} {quote(text)} is no day such as 2026-12-01: it is in the description.", name
        )
    return None


def _reminders(raw: Mapping[str, Any]) -> list[ImportedReminder]:
    found = []
    for each in objects(raw.get("reminders"))[:MAX_REMINDERS]:
        before, at = each.get("minutes_before"), moment_of(each.get("at"))
        if at is not None:
            found.append(ImportedReminder(at=at))
        elif isinstance(before, int) and not isinstance(before, bool) and 0 <= before <= 366 * 24 * 60:
            found.append(ImportedReminder(minutes_before=before))
    return found


def _comments(record: Record) -> list[ImportedComment]:
    found = []
    for each in objects(record.raw.get("comments")):
        body = cut(text_of(each.get("body")), record.line, record.problems)
        # One's own remarks need no name before them.
        author = "" if each.get("own") is True else line_of(each.get("author"))[:200]
        if body:
            found.append(ImportedComment(body, moment_of(each.get("created_at")), author))
    return found
