"""Files on tasks."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet, Sum

from taskflow.application.access import find_task, lock_project, require_project
from taskflow.application.changes import Change, change
from taskflow.application.stored_files import StoredFile, forget_files
from taskflow.application.task_fields import refuse_archived
from taskflow.application.task_steps import refuse_trashed
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, NotFound
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Attachment, Project, Task

MOST_A_TASK = 100
_MEGABYTE = 1024 * 1024
#: An attachment never changes.
VERSION = 1


def add_attachment(actor: Actor, reference: str | UUID, file: StoredFile) -> Attachment:
    """Puts a stored file on a task. `Conflict` (`attachments_full`) where task or project have no room for it."""
    with change(actor) as opened:
        attachment = attach(opened, open_task(actor, reference, lock=True), file)
    file.taken = True
    return attachment


def open_task(actor: Actor, reference: str | UUID, *, lock: bool) -> Task:
    """A task that the actor may attach files to; `lock` holds it until the transaction ends."""
    task = find_task(actor, reference, Action.ATTACHMENT_WRITE, lock=lock)
    refuse_trashed(task)
    refuse_archived(task.project)
    return task


def attach(opened: Change, task: Task, file: StoredFile, *, created_at: datetime | None = None) -> Attachment:
    """Puts a stored file on an open task, held; its caller marks the file as taken once the change is committed."""
    # Others who attach to the project wait, so that together they stay below the limits.
    lock_project(task.project_id)
    Room(task.project_id).take(file.size, on=task.pk)
    attachment = Attachment.objects.create(
        task=task,
        name=file.name,
        size=file.size,
        content_type=file.content_type,
        sha256=file.sha256,
        blob=file.blob,
        created_by_id=opened.actor.user_id,
        created_at=created_at or opened.now,
    )
    _tell(opened, attachment, None, attachment.name)
    return attachment


def find_attachment(
    actor: Actor,
    reference: str | UUID,
    attachment_id: UUID,
    action: Action = Action.ATTACHMENT_READ,
    *,
    lock: bool = False,
) -> Attachment:
    """A file of a visible task; `lock` holds the task until the transaction ends."""
    task = find_task(actor, reference, action, lock=lock)
    attachment = Attachment.objects.filter(task=task, pk=attachment_id).select_related("created_by").first()
    if attachment is None:
        raise NotFound
    attachment.task = task
    return attachment


def delete_attachment(actor: Actor, reference: str | UUID, attachment_id: UUID, *, version: int | None = None) -> None:
    """Takes one's own file off a task; the project's admins may take everybody's. Its content goes an hour later."""
    with change(actor) as opened:
        attachment = find_attachment(actor, reference, attachment_id, lock=True)
        own = attachment.created_by_id is not None and attachment.created_by_id == actor.user_id
        needed = Action.ATTACHMENT_WRITE if own else Action.ATTACHMENT_MODERATE
        require_project(actor, attachment.task.project_id, needed)
        check_version(VERSION, version)
        refuse_trashed(attachment.task)
        refuse_archived(attachment.task.project)
        _tell(opened, attachment, attachment.name, None)
        forget_files(opened, Attachment.objects.filter(pk=attachment.pk))
        attachment.delete()


class Room:
    """The room for files that a project has left; None stands for a project that is still to be made."""

    def __init__(self, project_id: UUID | None) -> None:
        held = Attachment.objects.filter(task__project_id=project_id) if project_id else Attachment.objects.none()
        self._used = _sum(held)
        self._counts: dict[UUID | str, int] = {}

    def take(self, size: int, *, on: UUID | str) -> None:
        """Takes room for a file on a task (its id, or what stands for a new one). `Conflict` (`attachments_full`)."""
        if on not in self._counts:
            self._counts[on] = Attachment.objects.filter(task_id=on).count() if isinstance(on, UUID) else 0
        if self._counts[on] >= MOST_A_TASK:
            detail = f"A task holds at most {MOST_A_TASK} files. Delete one first, or put several into a .zip."
            raise Conflict(detail, code="attachments_full")
        refuse_full(self._used + size)
        self._used += size
        self._counts[on] += 1


def refuse_full(used: int) -> None:
    """`Conflict` (`attachments_full`) where a project's files would take `used` bytes and may not."""
    most = settings.TASKFLOW.attachments_mb
    if used > most * _MEGABYTE:
        detail = f"The files of a project may take {most} MB. Delete some, or ask the operator for more room."
        raise Conflict(detail, code="attachments_full")


def refuse_arrival(tasks: Collection[UUID], target: Project) -> None:
    """`Conflict` (`attachments_full`) where the files of `tasks` do not fit into `target`, which is held then."""
    coming = _sum(Attachment.objects.filter(task__in=tasks))
    if not coming:
        return
    lock_project(target.pk)
    most, held = settings.TASKFLOW.attachments_mb, _sum(Attachment.objects.filter(task__project=target))
    if coming + held > most * _MEGABYTE:
        left = max(0, most * _MEGABYTE - held) / _MEGABYTE
        detail = (
            f"The files that would come along take {coming / _MEGABYTE:.1f} MB, and {target.key} has {left:.1f} of its "
            f"{most} MB left. Delete some of them or of its own, or ask the operator for more room."
        )
        raise Conflict(detail, code="attachments_full")


def _sum(rows: QuerySet[Attachment]) -> int:
    return rows.aggregate(total=Sum("size"))["total"] or 0


def _tell(opened: Change, attachment: Attachment, before: str | None, after: str | None) -> None:
    task = attachment.task
    data = {
        "key": task.key,
        "attachment": str(attachment.pk),
        "changes": {"attachments": {"from": before, "to": after}},
    }
    opened.event(EventType.TASK_UPDATED, project=task.project_id, task=task.pk, data=data)
