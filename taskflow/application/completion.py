"""What follows when a task is done: what is part of it is done as well, and a recurring one comes again."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F

from taskflow.application import urgency
from taskflow.application.access import lock_tasks
from taskflow.application.changes import Change
from taskflow.application.dependencies import subtree
from taskflow.application.recurrence import continue_series
from taskflow.domain.events import EventType
from taskflow.store.models import Task
from taskflow.store.models.tasks import OPEN_STATUSES, TaskStatus


def follow_completion(opened: Change, task: Task) -> None:
    """For a task that is saved as done: completes the open tasks below it, and makes the next one of its series.

    A recurring subtask that ends with the task above it is not continued by itself: where the one above comes again, it
    comes along.
    """
    parts = _parts(task)
    if task.recurrence:
        continue_series(opened, task, parts)
    _complete(opened, task, [part for part in parts if part.status in OPEN_STATUSES])


def _parts(task: Task) -> list[Task]:
    """The tasks below one that are not in the trash, parents first, held until the end."""
    ids = subtree([task.pk]) - {task.pk}
    if not ids:
        return []
    lock_tasks(ids)
    waiting = {part.pk: part for part in Task.objects.filter(pk__in=ids, deleted_at=None).select_related("created_by")}
    # What hangs below something in the trash is out of sight, and stays as it is.
    found: list[Task] = []
    generation: Iterable[UUID | None] = {task.pk}
    while generation:
        children = sorted((part for part in waiting.values() if part.parent_id in generation), key=lambda t: t.rank)
        found += children
        generation = {child.pk for child in children}
    return found


def _complete(opened: Change, task: Task, parts: list[Task]) -> None:
    if not parts:
        return
    ids = [part.pk for part in parts]
    Task.objects.filter(pk__in=ids).update(
        status=TaskStatus.DONE, completed_at=opened.now, updated_at=opened.now, version=F("version") + 1
    )
    urgency.refresh(ids, opened.now)
    for part in parts:
        change = {"status": {"from": str(part.status), "to": TaskStatus.DONE.value}}
        data = {"key": f"{task.project.key}-{part.number}", "changes": change, "with": task.key}
        opened.event(EventType.TASK_COMPLETED, project=task.project_id, task=part.pk, data=data)
