"""Putting tasks into the trash, taking them out, and emptying it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from taskflow.application import decisions, ledger, stored_files, urgency
from taskflow.application.access import find_task, lock_tasks
from taskflow.application.changes import Change, change
from taskflow.application.dependencies import hold_subtree
from taskflow.application.jobs import handles
from taskflow.application.task_fields import refuse_archived
from taskflow.application.versions import check_version
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM, Action, Actor
from taskflow.store.models import Attachment, Event, Job, Task

PURGE = "trash.purge"
KEEP = timedelta(days=30)
CHUNK = 200


def delete_task(actor: Actor, reference: str | UUID, *, version: int | None = None) -> None:
    """Puts a task and its subtasks into the trash; again is no error."""
    with change(actor) as opened:
        trash_in(opened, reference, version=version)


def trash_in(opened: Change, reference: str | UUID, *, version: int | None = None) -> Task:
    """`delete_task` inside an open change."""
    task = find_task(opened.actor, reference, Action.TASK_WRITE, lock=True, linked=True)
    check_version(task.version, version)
    refuse_archived(task.project)
    if task.deleted_at is not None:
        return task
    below = Task.objects.filter(pk__in=hold_subtree(task.pk), deleted_at=None)
    gone = list(below.values_list("pk", "number"))
    ids = [pk for pk, _ in gone]
    # One instant for all: restoring the task restores those that went with it.
    Task.objects.filter(pk__in=ids).update(deleted_at=opened.now, updated_at=opened.now, version=F("version") + 1)
    decisions.make_stale(ids)
    urgency.refresh(ids, opened.now)
    for pk, number in gone:
        data = {"key": f"{task.project.key}-{number}"}
        opened.event(EventType.TASK_DELETED, project=task.project_id, task=pk, data=data)
    return task


def restore_task(actor: Actor, reference: str | UUID, *, version: int | None = None) -> Task:
    """Takes a task, and the subtasks that were trashed with it, out of the trash; again is no error."""
    with change(actor) as opened:
        task = find_task(actor, reference, Action.TASK_WRITE, lock=True, linked=True)
        check_version(task.version, version)
        refuse_archived(task.project)
        if task.deleted_at is None:
            return task
        below = Task.objects.filter(pk__in=hold_subtree(task.pk), deleted_at=task.deleted_at)
        back = list(below.values_list("pk", "number"))
        ids = [pk for pk, _ in back]
        Task.objects.filter(pk__in=ids).update(deleted_at=None, updated_at=opened.now, version=F("version") + 1)
        if task.parent_id is not None and _is_trashed(task.parent_id):
            Task.objects.filter(pk=task.pk).update(parent=None)
        urgency.refresh(ids, opened.now)
        for pk, number in back:
            data = {"key": f"{task.project.key}-{number}"}
            opened.event(EventType.TASK_RESTORED, project=task.project_id, task=pk, data=data)
        task.refresh_from_db()
        return task


def _is_trashed(task_id: UUID) -> bool:
    """Whether a task is in the trash; it stays as it is until the transaction ends."""
    lock_tasks([task_id])
    return Task.objects.filter(pk=task_id).exclude(deleted_at=None).exists()


def is_purge_due(now: datetime) -> bool:
    """Whether something has lain in the trash for its time."""
    return Task.objects.filter(deleted_at__lt=now - KEEP).exists()


@handles(PURGE)
def purge(job: Job) -> None:
    """Deletes for good what has lain in the trash for 30 days; its events stay, without their data."""
    with change(SYSTEM) as opened:
        old = Task.objects.filter(deleted_at__lt=opened.now - KEEP).order_by("deleted_at")
        # Locked, so that none is restored and deleted nevertheless; one that is being restored is left alone.
        ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
        Event.objects.filter(task_id__in=ids).update(data={})
        stored_files.forget_files(opened, Attachment.objects.filter(task__in=ids))
        Task.objects.filter(pk__in=ids).delete()
        ledger.finish(job)
        if old.exists():
            opened.job(PURGE, {}, key=PURGE)
