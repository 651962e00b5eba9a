"""Everything of a person's, to take along: in pieces, so that no more than one chunk is in memory. Never a secret.

`docs/data.md` describes the document; `domain/importers/taskflow.py` reads it again.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Prefetch, QuerySet

from taskflow.application import ports
from taskflow.application.access import require_scope
from taskflow.application.task_fields import reminder_json
from taskflow.domain.file_names import clean_name
from taskflow.domain.importers.taskflow import FORMAT, VERSION
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.priority import Priority, by_level
from taskflow.store.models import (
    Attachment,
    Comment,
    Decision,
    Dependency,
    Project,
    SavedFilter,
    Suggestion,
    Task,
    User,
)

#: Tasks of one piece.
CHUNK = 200
_BLOCK = 256 * 1024

Json = dict[str, Any]
M = TypeVar("M", bound=Model)

CSV_COLUMNS = (
    *("id", "key", "title", "description", "status", "priority", "due", "start", "labels", "project", "parent"),
    *("estimate", "recurrence", "created", "completed at"),
)


def export_json(actor: Actor) -> Iterator[bytes]:
    """The document, in pieces."""
    require_scope(actor, Action.EXPORT)
    user = User.objects.get(pk=actor.person)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": ports.now(),
        "user": {"username": user.username, "email": user.email, "timezone": user.timezone},
    }
    yield _dump(head)[:-1]
    tasks = Task.objects.visible_to(actor).select_related("created_by").prefetch_related(*_related(actor))
    decisions = Decision.objects.filter(user_id=actor.person, project__in=_visible(actor))
    parts: tuple[tuple[str, QuerySet[Any], Callable[[Any], Json]], ...] = (
        ("projects", _projects(actor), lambda project: _project_json(project, actor)),
        ("tasks", tasks, lambda task: _task_json(task, actor)),
        ("decisions", decisions, _decision_json),
        ("filters", SavedFilter.objects.filter(owner_id=actor.person), _filter_json),
    )
    for name, rows, form in parts:
        yield b',\n"%s": [' % name.encode()
        separator = b"\n"
        for chunk in _chunks(rows):
            yield separator + b",\n".join(_dump(form(row)) for row in chunk)
            separator = b",\n"
        yield b"\n]"
    yield b"}\n"


def export_csv(actor: Actor) -> Iterator[bytes]:
    """The tasks that are not in the trash, a row each, for spreadsheets; the importer for CSV reads them again."""
    require_scope(actor, Action.EXPORT)
    # A byte order mark: without it Excel takes UTF-8 for its own encoding.
    yield "\ufeff".encode() + _rows([CSV_COLUMNS])
    tasks = Task.objects.visible_to(actor).filter(deleted_at=None).select_related("project").prefetch_related("labels")
    for chunk in _chunks(tasks):
        yield _rows([_row(task) for task in chunk])


def export_zip(actor: Actor) -> Iterator[bytes]:
    """The document as `export.json`, and every file on a task as `files/<id of the attachment>/<name>`."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("export.json", "w", force_zip64=True) as member:
            for piece in export_json(actor):
                member.write(piece)
                yield sink.take()
        files = Attachment.objects.filter(task__in=Task.objects.visible_to(actor).values("pk"))
        for chunk in _chunks(files):
            for attachment in chunk:
                yield from _add_file(archive, sink, attachment)
    yield sink.take()


def _add_file(archive: zipfile.ZipFile, sink: "_Sink", attachment: Attachment) -> Iterator[bytes]:
    try:
        content = ports.files().open(attachment.blob_name)
    except FileNotFoundError:
        # Lost on this disk: the document still names it, and `doctor` does.
        return
    name = f"files/{attachment.pk}/{clean_name(attachment.name)}"
    with content, archive.open(name, "w", force_zip64=True) as member:
        while block := content.read(_BLOCK):
            member.write(block)
            yield sink.take()


class _Sink(io.RawIOBase):
    """Where an archive is written to: what was written so far is taken away and sent."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _chunks(rows: QuerySet[M]) -> Iterator[Sequence[M]]:
    """Rows by their ids, a chunk at a time: newer ones come last, and none twice."""
    last: Any = None
    while True:
        chunk = list((rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:CHUNK])
        if chunk:
            yield chunk
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].pk


def _visible(actor: Actor) -> QuerySet[Project]:
    return Project.objects.visible_to(actor)


def _projects(actor: Actor) -> QuerySet[Project]:
    # Within the visible ones, so that memberships of others are not what is filtered by.
    rows = Project.objects.filter(pk__in=_visible(actor).values("pk"))
    return rows.prefetch_related("memberships__user", "labels", "former_keys")


def _related(actor: Actor) -> list[Any]:
    """What hangs on a task: a query each for a whole chunk."""
    blockers = Dependency.objects.filter(blocker__project__in=_visible(actor).values("pk")).order_by("blocker_id")
    attachments = Attachment.objects.select_related("created_by").order_by("created_at", "id")
    return [
        "labels",
        "assignees",
        "reminders",
        Prefetch("blocker_links", queryset=blockers, to_attr="visible_blockers"),
        Prefetch("comments", queryset=Comment.objects.select_related("author").order_by("created_at", "id")),
        Prefetch("attachments", queryset=attachments, to_attr="kept_attachments"),
        Prefetch("suggestions", queryset=Suggestion.objects.select_related("decided_by").order_by("created_at", "id")),
    ]


def _project_json(project: Project, actor: Actor) -> Json:
    return {
        "id": project.pk,
        "key": project.key,
        "former_keys": sorted(alias.key for alias in project.former_keys.all()),
        "name": project.name,
        "description": project.description,
        "color": project.color,
        "archived": project.archived,
        "inbox": project.inbox_of_id == actor.user_id,
        "default_priority": Priority.from_rank(project.default_priority).value,
        "auto_suggest": project.auto_suggest,
        "auto_apply_confidence": project.auto_apply_confidence,
        "remote_models_allowed": project.remote_models_allowed,
        "urgency_weights": project.urgency_weights,
        "members": sorted(
            ({"user": member.user.username, "role": member.role} for member in project.memberships.all()),
            key=lambda member: str(member["user"]),
        ),
        "labels": sorted(
            ({"name": label.name, "color": label.color} for label in project.labels.all()),
            key=lambda label: label["name"],
        ),
        "created_at": project.created_at,
    }


def _task_json(task: Task, actor: Actor) -> Json:
    links: list[Dependency] = task.visible_blockers  # type: ignore[attr-defined]
    files: list[Attachment] = task.kept_attachments  # type: ignore[attr-defined]
    return {
        "id": task.pk,
        "project": task.project_id,
        "number": task.number,
        "parent": task.parent_id,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "priority": task.level.value,
        "due_date": task.due_date,
        "due_at": task.due_at,
        "start_date": task.start_date,
        "estimate_minutes": task.estimate_minutes,
        "recurrence": task.recurrence or None,
        "recurrence_basis": task.recurrence_basis,
        "labels": sorted(label.name for label in task.labels.all()),
        "assignees": sorted(user.username for user in task.assignees.all()),
        "blocked_by": [link.blocker_id for link in links],
        "reminders": [reminder_json(reminder) for reminder in task.reminders.all()],
        "rank": task.rank,
        "created_by": task.created_by.username if task.created_by else None,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "completed_at": task.completed_at,
        "deleted_at": task.deleted_at,
        "comments": [_comment_json(comment, actor) for comment in task.comments.all()],
        "attachments": [_attachment_json(attachment) for attachment in files],
        "suggestions": [_suggestion_json(suggestion) for suggestion in task.suggestions.all()],
    }


def _comment_json(comment: Comment, actor: Actor) -> Json:
    return {
        "id": comment.pk,
        "author": comment.author.username if comment.author else None,
        "own": comment.author_id is not None and comment.author_id == actor.user_id,
        "body": comment.body,
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
    }


def _attachment_json(attachment: Attachment) -> Json:
    return {
        "id": attachment.pk,
        "name": attachment.name,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
        "created_by": attachment.created_by.username if attachment.created_by else None,
        "created_at": attachment.created_at,
    }


def _suggestion_json(suggestion: Suggestion) -> Json:
    return {
        "id": suggestion.pk,
        "state": suggestion.state,
        "suggested_priority": _level(suggestion.suggested_priority),
        "confidence": suggestion.confidence,
        "probabilities": by_level(suggestion.probabilities),
        "reasons": suggestion.reasons,
        "source": suggestion.source or None,
        "provider": suggestion.provider or None,
        "model": suggestion.model or None,
        "auto": suggestion.auto,
        "created_at": suggestion.created_at,
        "decided_at": suggestion.decided_at,
        "decided_by": suggestion.decided_by.username if suggestion.decided_by else None,
        "final_priority": _level(suggestion.final_priority),
    }


def _decision_json(decision: Decision) -> Json:
    return {
        "id": decision.pk,
        "project": decision.project_id,
        "task": decision.task_id,
        "suggestion": decision.suggestion_id,
        "kind": decision.kind,
        "priority": _level(decision.priority),
        "facts": decision.facts,
        "decided_at": decision.decided_at,
    }


def _filter_json(saved: SavedFilter) -> Json:
    return {
        "id": saved.pk,
        "name": saved.name,
        "expression": saved.expression,
        "ordering": saved.ordering,
        "created_at": saved.created_at,
    }


def _level(rank: int | None) -> str | None:
    return None if rank is None else Priority.from_rank(rank).value


def _row(task: Task) -> list[str]:
    due = task.due_at or task.due_date
    cells: list[object] = [
        *(task.pk, task.key, task.title, task.description, task.status, task.level.value, due, task.start_date),
        ", ".join(sorted(label.name for label in task.labels.all())),
        task.project.name if task.project.inbox_of_id is None else "Inbox",
        *(task.parent_id, task.estimate_minutes, task.recurrence, task.created_at, task.completed_at),
    ]
    return [_cell(value) for value in cells]


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: whoever may write a title could make it run one."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _rows(rows: Sequence[Sequence[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


def _dump(value: Json) -> bytes:
    import orjson

    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
