"""Bringing in lists from other programs: with a dry run, a report by line, and nothing twice.

A list comes in by chunks, each a transaction of its own, so that others wait for SQLite's one write lock no longer than
about half a second. What was brought in is remembered (`ImportedRecord`), so a run that was cut short goes on where it
stopped when it is repeated.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import DatabaseError, OperationalError, connection

from taskflow.application import ports
from taskflow.application.changes import Change, change
from taskflow.application.import_files import ImportedFiles
from taskflow.application.import_links import find_circles, link, unlinked
from taskflow.application.import_places import Places
from taskflow.application.task_batches import NewTask, Remark, add_tasks
from taskflow.application.task_fields import find_members
from taskflow.domain.errors import Invalid, TaskFlowError
from taskflow.domain.importers import IMPORTERS
from taskflow.domain.importers.records import ImportedTask, ImportFormatError, ParsedImport
from taskflow.domain.permissions import Actor
from taskflow.store.identifiers import new_id
from taskflow.store.models import ImportedRecord, Project, Task, User

#: Tasks of one transaction.
CHUNK = 200
#: Tasks of one transaction that only sets what they wait for, which takes a fifth of making them.
LINKED = 800
#: Seconds between two of them on SQLite, whose waiting writers look for the lock every 100 ms: without a pause the next
#: chunk takes it before any of them can, and they wait for the whole import.
PAUSE = 0.11


@dataclass(slots=True)
class ImportReport:
    """What an import did: tasks made, tasks that were here already, files, and lines that want a look."""

    created: int = 0
    skipped: int = 0
    #: Files put on tasks; None for a list that brings none along.
    files: int | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, record: ImportedTask, detail: str) -> None:
        """Notes what is wrong with a record."""
        self.errors.append({"line": record.line, "detail": detail})

    def note_files(self, found: ImportedFiles) -> None:
        """Takes over what became of the files."""
        self.files = found.count
        for record, detail in found.refused:
            self.refuse(record, detail)


def run_import(actor: Actor, source: str, data: bytes, *, name: str) -> ImportReport:
    """Imports one exported list for `actor`, into projects named as in the list (made where missing) or the inbox.

    `name` is the file's name. `Invalid` when the file is no such list. A broken record loses only itself.
    """
    parsed, report = _read(actor, source, data, name)
    places = Places(actor)
    for chunk in _chunks(_by_project(parsed.tasks)):
        if len(_known(actor, source, [record.external_id for record in chunk])) == len(chunk):
            report.skipped += len(chunk)
            continue
        with change(actor) as opened:
            # Two imports of one person take turns: neither makes what the other is making.
            User.objects.select_for_update(no_key=True).filter(pk=actor.person).first()
            fresh = _fresh(actor, source, chunk, report)
            places.make(opened, [record.project for record in fresh])
            _bring_in(opened, source, _placed(places, fresh, report), report)
        _give_way()
    for chunk in _chunks(unlinked(actor, source, parsed.tasks), LINKED):
        with change(actor) as opened:
            for record, detail in link(opened, source, chunk):
                report.refuse(record, detail)
        _give_way()
    files = ImportedFiles(actor, source, data, parsed.tasks)
    if files.wanted:
        files.bring_in()
        report.note_files(files)
    return _finish(report)


def preview_import(actor: Actor, source: str, data: bytes, *, name: str) -> ImportReport:
    """What `run_import` would report; nothing is changed, and nobody waits for it."""
    parsed, report = _read(actor, source, data, name)
    places = Places(actor)
    coming: list[ImportedTask] = []
    for chunk in _chunks(parsed.tasks):
        fresh = _fresh(actor, source, chunk, report)
        places.plan([record.project for record in fresh])
        coming += [record for record, _ in _placed(places, fresh, report)]
    report.created = len(coming)
    for record, detail in find_circles(coming):
        report.refuse(record, detail)
    files = ImportedFiles(actor, source, data, parsed.tasks)
    if files.wanted:
        files.preview({record.external_id: record for record in coming}, places)
        report.note_files(files)
    return _finish(report)


def _read(actor: Actor, source: str, data: bytes, name: str) -> tuple[ParsedImport, ImportReport]:
    try:
        parsed = IMPORTERS[source](data, name=name, now=ports.now(), timezone=actor.timezone)
    except ImportFormatError as error:
        raise Invalid.field("file", error.code, error.detail) from error
    problems = [{"line": problem.line, "detail": problem.detail} for problem in parsed.problems]
    return parsed, ImportReport(errors=problems)


def _give_way() -> None:
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        time.sleep(PAUSE)


def _by_project(tasks: Sequence[ImportedTask]) -> list[ImportedTask]:
    """The tasks of each project together and in their order, the project that is named first before the others.

    Each project costs a chunk some statements of its own: its labels, its tasks' places, its stream of events.
    """
    projects: dict[str | None, list[ImportedTask]] = defaultdict(list)
    for task in tasks:
        projects[task.project].append(task)
    return [task for held in projects.values() for task in held]


def _chunks(tasks: Sequence[ImportedTask], size: int | None = None) -> Iterator[Sequence[ImportedTask]]:
    size = size or CHUNK
    return (tasks[start : start + size] for start in range(0, len(tasks), size))


def _finish(report: ImportReport) -> ImportReport:
    report.errors.sort(key=lambda error: error["line"])
    return report


def _fresh(actor: Actor, source: str, chunk: Sequence[ImportedTask], report: ImportReport) -> list[ImportedTask]:
    """The records that were not brought in before; the others are counted."""
    known = _known(actor, source, [record.external_id for record in chunk])
    report.skipped += len(known)
    return [record for record in chunk if record.external_id not in known]


def _placed(
    places: Places, records: Sequence[ImportedTask], report: ImportReport
) -> list[tuple[ImportedTask, Project | None]]:
    """Records with their projects (None for one that a dry run would make); what has no place is reported."""
    found = []
    for record in records:
        try:
            found.append((record, places.find(record.project)))
        except TaskFlowError as error:
            report.refuse(record, error.detail)
    return found


def _bring_in(
    opened: Change, source: str, placed: Sequence[tuple[ImportedTask, Project | None]], report: ImportReport
) -> None:
    """Makes the tasks of a chunk; where the database refuses them, by halves, until the refused one is found."""
    if not placed:
        return
    try:
        with opened.part():
            _make(opened, source, placed)
        report.created += len(placed)
    except OperationalError:
        raise
    except (DatabaseError, TaskFlowError, ValueError) as error:
        if len(placed) == 1:
            detail = error.detail if isinstance(error, TaskFlowError) else "It could not be stored and was left out."
            report.refuse(placed[0][0], detail)
            return
        middle = len(placed) // 2
        _bring_in(opened, source, placed[:middle], report)
        _bring_in(opened, source, placed[middle:], report)


def _make(opened: Change, source: str, placed: Sequence[tuple[ImportedTask, Project | None]]) -> None:
    actor = opened.actor
    ids = {record.external_id: new_id() for record, _ in placed}
    projects = {ids[record.external_id]: project.pk for record, project in placed if project is not None}
    named = [record.parent_external_id for record, _ in placed if record.parent_external_id is not None]
    parents = _known(actor, source, named) | ids
    homes = dict(Task.objects.filter(pk__in=parents.values(), deleted_at=None).values_list("pk", "project_id"))
    homes |= projects
    members = find_members({(project.pk, name) for r, project in placed if project for name in r.assignees})
    made = []
    for record, project in placed:
        if project is None:
            raise TypeError("a dry run makes nothing")
        parent = parents.get(record.parent_external_id or "")
        people = [members.get((project.pk, name)) for name in record.assignees]
        made.append(
            NewTask(
                id=ids[record.external_id],
                project=project,
                fields=_fields(record),
                parent=parent if parent and homes.get(parent) == project.pk else None,
                labels=record.all_labels,
                assignees=tuple(user for user in people if user is not None),
                remarks=tuple(Remark(comment.text, comment.created_at) for comment in record.comments),
            )
        )
    add_tasks(opened, made)
    ImportedRecord.objects.bulk_create(
        ImportedRecord(
            user_id=actor.person,
            source=source,
            external_id=record.external_id,
            task_id=ids[record.external_id],
            linked=not record.depends_on,
        )
        for record, _ in placed
    )


def _fields(record: ImportedTask) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "title": record.title,
        "description": record.description,
        "status": record.status,
        "due_date": record.due_date,
        "due_at": record.due_at,
        "start_date": record.start_date,
        "estimate_minutes": record.estimate_minutes,
        "created_at": record.created_at,
        "completed_at": record.completed_at,
        "reminders": [
            {"at": reminder.at} if reminder.at is not None else {"minutes_before": reminder.minutes_before}
            for reminder in record.reminders
        ],
    }
    if record.recurrence is not None:
        fields |= {"recurrence": record.recurrence, "recurrence_basis": record.recurrence_basis}
    if record.priority != "none":
        fields["priority"] = record.priority
    return fields


def _known(actor: Actor, source: str, external_ids: Sequence[str]) -> dict[str, UUID]:
    """The tasks that these records are here already."""
    records = ImportedRecord.objects.filter(user_id=actor.person, source=source, external_id__in=external_ids)
    known = dict(records.values_list("external_id", "task_id"))
    if source == "taskflow":
        # An export names tasks by their ids: those that are still here need not come again.
        ids = [UUID(external_id) for external_id in external_ids]
        here = Task.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", flat=True)
        known |= {str(pk): pk for pk in here}
    return known
