"""Bringing in lists from other programs: with a dry run, a report by line, and nothing twice."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from taskflow.application import ports, urgency
from taskflow.application.access import find_project, role_in
from taskflow.application.changes import Change, change
from taskflow.application.dependencies import set_blockers
from taskflow.application.projects import add_project, inbox
from taskflow.application.tasks import add_task
from taskflow.domain.errors import FieldError, Invalid, TaskFlowError
from taskflow.domain.importers import IMPORTERS
from taskflow.domain.importers.records import ImportedTask, ImportFormatError
from taskflow.domain.permissions import Action, Actor, allows_project
from taskflow.domain.text import search_text
from taskflow.store.models import Comment, ImportedRecord, Project, Task

#: Tasks of one transaction: others wait for SQLite's one write lock no longer than about half a second.
CHUNK = 50


@dataclass(slots=True)
class ImportReport:
    """What an import did: tasks made, tasks that were here already, and lines that want a look."""

    created: int = 0
    skipped: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)


class _DryRun(Exception):
    """Undoes everything that a dry run did."""


def run_import(actor: Actor, source: str, data: bytes, *, name: str, dry_run: bool) -> ImportReport:
    """Imports one exported list for `actor`, into projects named as in the list (made where missing) or the inbox.

    `name` is the file's name. `Invalid` when the file is no such list. A dry run reports the same and changes nothing.
    A run that was cut short goes on where it stopped when it is repeated.
    """
    try:
        parsed = IMPORTERS[source](data, name=name, now=ports.now(), timezone=actor.timezone)
    except ImportFormatError as error:
        raise Invalid.field("file", error.code, error.detail) from error
    report = ImportReport(errors=[{"line": problem.line, "detail": problem.detail} for problem in parsed.problems])
    if dry_run:
        try:
            with transaction.atomic():
                _import_all(actor, source, parsed.tasks, report)
                raise _DryRun
        except _DryRun:
            pass
    else:
        _import_all(actor, source, parsed.tasks, report)
    report.errors.sort(key=lambda error: error["line"])
    return report


def _import_all(actor: Actor, source: str, tasks: Sequence[ImportedTask], report: ImportReport) -> None:
    made: dict[str, UUID] = {}
    projects: dict[str | None, Project] = {}
    for start in range(0, len(tasks), CHUNK):
        with change(actor) as opened:
            for task in tasks[start : start + CHUNK]:
                _import_one(opened, source, task, projects, made, report)
    _link(actor, source, tasks, made, report)


def _import_one(
    opened: Change,
    source: str,
    record: ImportedTask,
    projects: dict[str | None, Project],
    made: dict[str, UUID],
    report: ImportReport,
) -> None:
    mine = ImportedRecord.objects.filter(user_id=opened.actor.person, source=source)
    if mine.filter(external_id=record.external_id).exists():
        report.skipped += 1
        return
    try:
        with transaction.atomic():
            task = _add(opened, source, record, projects)
    except TaskFlowError as error:
        projects.clear()
        details = [f"{e.field}: {e.detail}" for e in error.errors] if isinstance(error, Invalid) else [error.detail]
        report.errors.append({"line": record.line, "detail": " ".join(details)})
        return
    made[record.external_id] = task.pk
    report.created += 1


def _add(opened: Change, source: str, record: ImportedTask, projects: dict[str | None, Project]) -> Task:
    if record.project not in projects:
        projects[record.project] = _project(opened, record.project)
    project = projects[record.project]
    parent = _known(opened.actor, source, record.parent_external_id)
    labels = [*record.labels, *([record.section] if record.section else [])]
    fields: dict[str, Any] = {
        "project": project.pk,
        "title": record.title,
        "description": record.description,
        "status": record.status,
        "due_date": record.due_date,
        "due_at": record.due_at,
        "start_date": record.start_date,
        "estimate_minutes": record.estimate_minutes,
        "labels": [_label(name) for name in labels],
        "created_at": record.created_at or opened.now,
        "completed_at": record.completed_at or opened.now,
    }
    if record.priority != "none":
        fields["priority"] = record.priority
    if parent is not None and Task.objects.filter(pk=parent, project=project).exists():
        fields["parent"] = parent
    task = add_task(opened, fields)
    for comment in record.comments:
        body = f"{comment.author}: {comment.body}" if comment.author else comment.body
        at = comment.created_at or opened.now
        Comment.objects.create(task=task, author_id=opened.actor.person, body=body, created_at=at, updated_at=at)
    if record.comments:
        words = " ".join(comment.body for comment in record.comments)
        Task.objects.filter(pk=task.pk).update(search_text=task.search_text + search_text(words))
    ImportedRecord.objects.create(user_id=opened.actor.person, source=source, external_id=record.external_id, task=task)
    return task


def _label(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip()[:100]


def _project(opened: Change, name: str | None) -> Project:
    """The project of that name that the actor may write to, made where there is none; the inbox without a name."""
    actor = opened.actor
    if name is None or name.strip().lower() == "inbox":
        return find_project(actor, inbox(actor.person).pk, Action.TASK_WRITE)
    wanted = name.strip()[:200]
    for project in Project.objects.visible_to(actor).filter(name__iexact=wanted, archived=False, inbox_of=None):
        role = role_in(actor, project.pk)
        if role is not None and allows_project(Action.TASK_WRITE, role):
            return project
    if not actor.has_scope(Action.PROJECT_CREATE) or actor.projects is not None:
        detail = f"There is no project {wanted!r}, and this token may not make one. Make it first."
        raise Invalid([FieldError("project", "not_found", detail)])
    return add_project(opened, {"name": wanted})


def _known(actor: Actor, source: str, external_id: str | None) -> UUID | None:
    if external_id is None:
        return None
    records = ImportedRecord.objects.filter(user_id=actor.person, source=source, external_id=external_id)
    return records.values_list("task_id", flat=True).first()


def _link(
    actor: Actor, source: str, tasks: Sequence[ImportedTask], made: dict[str, UUID], report: ImportReport
) -> None:
    """Sets what new tasks wait for, now that all of them are here; a circle in the file is left out and reported."""
    waiting = [task for task in tasks if task.depends_on and task.external_id in made]
    if not waiting:
        return
    with change(actor) as opened:
        for record in waiting:
            task = Task.objects.get(pk=made[record.external_id])
            blockers = [pk for pk in (_known(actor, source, name) for name in record.depends_on) if pk is not None]
            try:
                with transaction.atomic():
                    set_blockers(actor, task, blockers)
            except Invalid:
                detail = "The task waits for itself in a circle: its dependencies were left out. Set them by hand."
                report.errors.append({"line": record.line, "detail": detail})
        urgency.refresh([made[task.external_id] for task in waiting], opened.now)
