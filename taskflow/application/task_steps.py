"""Steps of making and changing a task that touch nothing but the task itself and what its change notes."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from taskflow.application import urgency
from taskflow.application.changes import Change
from taskflow.application.mentions import tell_mentioned
from taskflow.application.task_fields import apply_fields, follow_due, follow_order, follow_words
from taskflow.domain.errors import Conflict
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Actor
from taskflow.domain.priority import Priority
from taskflow.store.models import Project, Task
from taskflow.store.models.tasks import TaskStatus

Fields: TypeAlias = Mapping[str, Any]

#: What the urgency of a task, and of those that it is linked with, is made of.
URGENT = frozenset({"priority", "status", "due_date", "due_at", "start_date", "blocked_by", "project"})


def new_task(opened: Change, project: Project, rank: str, fields: Fields) -> Task:
    """A task of validated `fields`, not stored yet; its number is the project's `task_counter`."""
    given = fields.get("priority")
    task = Task(
        project=project,
        number=project.task_counter,
        rank=rank,
        priority=project.default_priority if given is None else Priority(given).rank,
        created_by_id=opened.actor.user_id,
        created_at=fields.get("created_at", opened.now),
        updated_at=opened.now,
    )
    apply_fields(task, fields)
    task.completed_at = fields.get("completed_at", opened.now) if task.status == TaskStatus.DONE else None
    follow_due(task)
    urgency.score_alone(task, opened.actor.timezone, opened.now)
    return task


def tell_created(opened: Change, task: Task) -> None:
    """The events of a new task."""
    opened.event(
        EventType.TASK_CREATED,
        project=task.project_id,
        task=task.pk,
        data={"key": task.key, "title": task.title, "priority": task.level.value, "status": task.status},
    )
    tell_mentioned(opened, task, "", task.description)
    if task.status == TaskStatus.DONE:
        opened.event(EventType.TASK_COMPLETED, project=task.project_id, task=task.pk, data={"key": task.key})


def apply_plain(task: Task, fields: Fields) -> None:
    """Sets the fields that are columns of the task's own."""
    apply_fields(task, fields)
    if fields.get("priority") is not None:
        task.priority = Priority(fields["priority"]).rank


def make_ready(opened: Change, task: Task, changed: frozenset[str]) -> None:
    """Brings a stored task whose fields `changed` up to date with them: version, order, words, urgency by itself.

    The urgency stays as it is where nothing changed that it is made of: the task may be linked with others.
    """
    follow_order(task)
    if changed & {"title", "description"}:
        follow_words(task, ())
    task.version += 1
    task.updated_at = opened.now
    if changed & URGENT:
        urgency.score_alone(task, _zone_of_creator(opened.actor, task), opened.now)


def tell_updated(opened: Change, task: Task, changes: Mapping[str, dict[str, Any]]) -> None:
    """The events of a change of plain fields (field → from, to)."""
    opened.event(EventType.TASK_UPDATED, project=task.project_id, task=task.pk, data={"changes": dict(changes)})
    if "description" in changes:
        tell_mentioned(opened, task, changes["description"]["from"], task.description)


def refuse_trashed(task: Task) -> None:
    """`Conflict` (`trashed`) for a task in the trash."""
    if task.deleted_at is not None:
        raise Conflict("The task is in the trash. Restore it first.", code="trashed")


def snapshot(task: Task) -> dict[str, Any]:
    """The plain fields as the log shows them."""
    return {
        "title": task.title,
        "description": task.description,
        "status": str(task.status),
        "priority": task.level.value,
        "due_date": None if task.due_date is None else task.due_date.isoformat(),
        "due_at": None if task.due_at is None else task.due_at.isoformat(),
        "start_date": None if task.start_date is None else task.start_date.isoformat(),
        "estimate_minutes": task.estimate_minutes,
        "recurrence": task.recurrence or None,
        "recurrence_basis": task.recurrence_basis,
        "project": task.project.key,
        "parent": None if task.parent_id is None else str(task.parent_id),
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What differs between two snapshots, field → from, to."""
    return {name: {"from": before[name], "to": after[name]} for name in before if before[name] != after[name]}


def _zone_of_creator(actor: Actor, task: Task) -> str:
    """The zone that a task's days are counted in: its creator's."""
    if task.created_by_id is not None and task.created_by_id == actor.user_id:
        return actor.timezone
    return task.created_by.timezone if task.created_by else "UTC"
