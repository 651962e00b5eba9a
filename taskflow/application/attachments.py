"""Files on tasks."""

from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from taskflow.application.access import find_task, lock_project, require_project
from taskflow.application.changes import Change, change
from taskflow.application.stored_files import StoredFile, forget_files
from taskflow.application.task_fields import refuse_archived
from taskflow.application.tasks import refuse_trashed
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, NotFound
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Attachment, Task

MOST_A_TASK = 100
#: An attachment never changes.
VERSION = 1


def add_attachment(actor: Actor, reference: str | UUID, file: StoredFile) -> Attachment:
    """Puts a stored file on a task. `Conflict` (`attachments_full`) where task or project have no room for it."""
    with change(actor) as opened:
        task = find_task(actor, reference, Action.ATTACHMENT_WRITE, lock=True)
        refuse_trashed(task)
        refuse_archived(task.project)
        _refuse_full(task, file.size)
        attachment = Attachment.objects.create(
            task=task,
            name=file.name,
            size=file.size,
            content_type=file.content_type,
            sha256=file.sha256,
            blob=file.blob,
            created_by_id=actor.user_id,
            created_at=opened.now,
        )
        _tell(opened, attachment, None, attachment.name)
    file.taken = True
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


def _refuse_full(task: Task, size: int) -> None:
    if Attachment.objects.filter(task=task).count() >= MOST_A_TASK:
        detail = f"A task holds at most {MOST_A_TASK} files. Delete one first, or put several into a .zip."
        raise Conflict(detail, code="attachments_full")
    # Others who attach to the project wait, so that together they stay below the limit.
    lock_project(task.project_id)
    used = Attachment.objects.filter(task__project_id=task.project_id).aggregate(total=Sum("size"))["total"] or 0
    most = settings.TASKFLOW.attachments_mb
    if used + size > most * 1024 * 1024:
        detail = f"The files of a project may take {most} MB. Delete some, or ask the operator for more room."
        raise Conflict(detail, code="attachments_full")


def _tell(opened: Change, attachment: Attachment, before: str | None, after: str | None) -> None:
    task = attachment.task
    data = {
        "key": task.key,
        "attachment": str(attachment.pk),
        "changes": {"attachments": {"from": before, "to": after}},
    }
    opened.event(EventType.TASK_UPDATED, project=task.project_id, task=task.pk, data=data)
