"""Comments on tasks."""

from uuid import UUID

from taskflow.application.access import find_task, require_project
from taskflow.application.changes import Change, change
from taskflow.application.mentions import tell_mentioned
from taskflow.application.task_fields import follow_due, refuse_archived
from taskflow.application.task_steps import refuse_trashed
from taskflow.application.versions import check_version
from taskflow.domain.errors import Forbidden, NotFound
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Comment, Task


def add_comment(actor: Actor, reference: str | UUID, body: str) -> Comment:
    """A remark by the actor."""
    with change(actor) as opened:
        task = find_task(actor, reference, Action.COMMENT_WRITE, lock=True)
        refuse_trashed(task)
        refuse_archived(task.project)
        comment = Comment.objects.create(
            task=task, author_id=actor.user_id, body=body, created_at=opened.now, updated_at=opened.now
        )
        _index(task)
        _tell(opened, task, comment, "added")
        tell_mentioned(opened, task, "", body, comment=comment.pk)
        return comment


def find_comment(actor: Actor, reference: str | UUID, comment_id: UUID, *, lock: bool = False) -> Comment:
    """A comment of a visible task; `lock` holds the task until the transaction ends."""
    task = find_task(actor, reference, Action.COMMENT_READ, lock=lock)
    comment = Comment.objects.filter(task=task, pk=comment_id).select_related("author").first()
    if comment is None:
        raise NotFound
    comment.task = task
    return comment


def update_comment(
    actor: Actor, reference: str | UUID, comment_id: UUID, body: str, *, version: int | None = None
) -> Comment:
    """Changes the text of one's own comment."""
    with change(actor) as opened:
        comment = _find_own(actor, reference, comment_id, version)
        if comment.author_id is None or comment.author_id != actor.user_id:
            raise Forbidden("Only its author may edit a comment. You may delete it.")
        if comment.body != body:
            before = comment.body
            comment.body, comment.updated_at, comment.version = body, opened.now, comment.version + 1
            comment.save(update_fields=["body", "updated_at", "version"])
            _index(comment.task)
            _tell(opened, comment.task, comment, "edited")
            tell_mentioned(opened, comment.task, before, body, comment=comment.pk)
        return comment


def delete_comment(actor: Actor, reference: str | UUID, comment_id: UUID, *, version: int | None = None) -> None:
    """Deletes one's own comment; the project's admins may delete everybody's."""
    with change(actor) as opened:
        comment = _find_own(actor, reference, comment_id, version)
        task = comment.task
        _tell(opened, task, comment, "deleted")
        comment.delete()
        _index(task)


def _find_own(actor: Actor, reference: str | UUID, comment_id: UUID, version: int | None) -> Comment:
    comment = find_comment(actor, reference, comment_id, lock=True)
    own = comment.author_id is not None and comment.author_id == actor.user_id
    require_project(actor, comment.task.project_id, Action.COMMENT_WRITE if own else Action.COMMENT_MODERATE)
    check_version(comment.version, version)
    refuse_trashed(comment.task)
    refuse_archived(comment.task.project)
    return comment


def _index(task: Task) -> None:
    """Comments are searched along with their task."""
    follow_due(task)
    Task.objects.filter(pk=task.pk).update(search_text=task.search_text)


def _tell(opened: Change, task: Task, comment: Comment, what: str) -> None:
    data = {"key": task.key, "comment": str(comment.pk), "what": what}
    opened.event(EventType.TASK_COMMENTED, project=task.project_id, task=task.pk, data=data)
