"""Completing and reopening tasks."""

from uuid import UUID

from taskflow.application.access import find_task
from taskflow.application.changes import Change, change
from taskflow.application.task_fields import refuse_archived
from taskflow.application.task_steps import refuse_trashed
from taskflow.application.tasks import save_changed
from taskflow.application.versions import check_version
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Task
from taskflow.store.models.tasks import OPEN_STATUSES, TaskStatus


def complete_task(actor: Actor, reference: str | UUID, *, version: int | None = None) -> Task:
    """Sets a task done; a done one stays as it is."""
    with change(actor) as opened:
        return complete_in(opened, reference, version=version)


def complete_in(opened: Change, reference: str | UUID, *, version: int | None = None) -> Task:
    """`complete_task` inside an open change."""
    return _set_status(opened, reference, TaskStatus.DONE, version)


def reopen_task(actor: Actor, reference: str | UUID, *, version: int | None = None) -> Task:
    """Sets a done or cancelled task to do; an open one stays as it is."""
    with change(actor) as opened:
        return _set_status(opened, reference, TaskStatus.TODO, version)


def _set_status(opened: Change, reference: str | UUID, status: TaskStatus, version: int | None) -> Task:
    task = find_task(opened.actor, reference, Action.TASK_WRITE, lock=True, linked=True)
    check_version(task.version, version)
    refuse_trashed(task)
    refuse_archived(task.project)
    before = str(task.status)
    if before == status or (status is TaskStatus.TODO and before in OPEN_STATUSES):
        return task
    task.status = status
    save_changed(opened, task, {"status": {"from": before, "to": status.value}})
    return task
