"""Asking for advice on priorities, and deciding what becomes of it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from taskflow.application import decisions
from taskflow.application.access import find_task, lock_tasks, require_project
from taskflow.application.changes import Change, change
from taskflow.application.task_fields import refuse_archived
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, NotFound
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.priority import Priority
from taskflow.store.models import BatchItem, Project, Suggestion, SuggestionBatch, Task
from taskflow.store.models.suggestions import SuggestionState

ADVISE = "suggestion.advise"
ADVISE_BATCH = "suggestion.advise_batch"


def request_suggestion(actor: Actor, reference: str | UUID) -> Suggestion:
    """A queued suggestion for a task: the one that is queued already, or a new one; a pending one becomes stale."""
    with change(actor) as opened:
        task = find_task(actor, reference, Action.SUGGESTION_WRITE, lock=True)
        _refuse_trashed(task)
        refuse_archived(task.project)
        return request_in(opened, task)


def request_in(opened: Change, task: Task) -> Suggestion:
    """`request_suggestion` inside an open change."""
    queued = Suggestion.objects.filter(task=task, state=SuggestionState.QUEUED).first()
    if queued is not None:
        # Its job may have ended dead, and the suggestion would wait for ever; a queued one is not doubled.
        _file(opened, queued)
        return queued
    decisions.make_stale([task.pk])
    try:
        with transaction.atomic():
            suggestion = Suggestion.objects.create(
                task=task, requested_by_id=opened.actor.user_id, created_at=opened.now
            )
    except IntegrityError:
        # Somebody else asked in the same moment.
        return Suggestion.objects.get(task=task, state=SuggestionState.QUEUED)
    _file(opened, suggestion)
    return suggestion


def _file(opened: Change, suggestion: Suggestion) -> None:
    opened.job(ADVISE, {"suggestion": str(suggestion.pk)}, key=f"suggestion:{suggestion.pk}")


def find_suggestion(
    actor: Actor, suggestion_id: UUID, action: Action = Action.SUGGESTION_READ, *, lock: bool = False
) -> Suggestion:
    """A suggestion on a task that the actor sees; `lock` holds the task's row until the transaction ends."""
    visible = Project.objects.visible_to(actor).values("pk")
    rows = Suggestion.objects.filter(pk=suggestion_id, task__project__in=visible)
    if lock:
        lock_tasks(rows.values_list("task_id", flat=True))
    found = rows.select_related("task__project", "decided_by").first()
    if found is None:
        raise NotFound
    require_project(actor, found.task.project_id, action)
    return found


def accept(actor: Actor, suggestion_id: UUID, *, version: int | None = None) -> Suggestion:
    """Sets the task's priority to what was advised."""
    with change(actor) as opened:
        suggestion = _find_pending(actor, suggestion_id, version)
        if suggestion.suggested_priority is None:
            raise Conflict("The suggestion is not ready yet.", code="not_ready")
        return _decide(opened, suggestion, Priority.from_rank(suggestion.suggested_priority))


def override(actor: Actor, suggestion_id: UUID, level: Priority, *, version: int | None = None) -> Suggestion:
    """Sets the task's priority to `level` instead; the same level as advised counts as acceptance."""
    with change(actor) as opened:
        return _decide(opened, _find_pending(actor, suggestion_id, version), level)


def dismiss(actor: Actor, suggestion_id: UUID, *, version: int | None = None) -> Suggestion:
    """Sets the advice aside and leaves the priority as it is."""
    with change(actor) as opened:
        suggestion = _find_pending(actor, suggestion_id, version)
        decisions.dismiss(opened, suggestion)
        return suggestion


def _find_pending(actor: Actor, suggestion_id: UUID, version: int | None) -> Suggestion:
    suggestion = find_suggestion(actor, suggestion_id, Action.SUGGESTION_WRITE, lock=True)
    check_version(suggestion.version, version)
    _refuse_trashed(suggestion.task)
    refuse_archived(suggestion.task.project)
    if suggestion.state != SuggestionState.PENDING:
        detail = {
            SuggestionState.QUEUED: "The suggestion is not ready yet. Wait until its state is pending.",
            SuggestionState.STALE: "The task has changed since. Ask for a new suggestion.",
            SuggestionState.FAILED: "The suggestion failed. Ask for a new one.",
        }.get(SuggestionState(suggestion.state), f"The suggestion is {suggestion.state} already.")
        raise Conflict(detail, code="stale" if suggestion.state == SuggestionState.STALE else "already_decided")
    return suggestion


def _decide(opened: Change, suggestion: Suggestion, level: Priority) -> Suggestion:
    from taskflow.application.tasks import save_changed  # tasks ask for suggestions too

    task = suggestion.task
    before = task.level
    if before is not level:
        task.priority = level.rank
        save_changed(opened, task, {"priority": {"from": before.value, "to": level.value}})
    decisions.settle(opened, suggestion, level)
    return suggestion


def request_batch(actor: Actor, *, project: UUID | None = None, tasks: Sequence[UUID] = ()) -> SuggestionBatch:
    """Asks for suggestions on these tasks, or on all open tasks of a project; one job works through them."""
    with change(actor) as opened:
        if project is not None:
            refuse_archived(Project.objects.get(pk=project))
            ids = list(
                Task.objects.open().filter(project=project).order_by("created_at", "id").values_list("pk", flat=True)
            )
        else:
            ids = list(dict.fromkeys(tasks))
            for archived in Project.objects.filter(tasks__in=ids, archived=True)[:1]:
                refuse_archived(archived)
        batch = SuggestionBatch.objects.create(requested_by_id=actor.person, total=len(ids), created_at=opened.now)
        BatchItem.objects.bulk_create(
            [BatchItem(batch=batch, position=position, task_id=pk) for position, pk in enumerate(ids)], batch_size=500
        )
        if ids:
            opened.job(ADVISE_BATCH, {"batch": str(batch.pk)}, key=f"batch:{batch.pk}")
        return batch


def find_batch(actor: Actor, batch_id: UUID) -> SuggestionBatch:
    """One's own batch."""
    batch = SuggestionBatch.objects.filter(pk=batch_id, requested_by_id=actor.user_id).first()
    if batch is None:
        raise NotFound
    return batch


def fail_lost(opened: Change, suggestion: Suggestion) -> None:
    """Ends a queued suggestion whose task went into the trash meanwhile."""
    Suggestion.objects.filter(pk=suggestion.pk, state=SuggestionState.QUEUED).update(
        state=SuggestionState.FAILED, version=F("version") + 1
    )


def _refuse_trashed(task: Task) -> None:
    if task.deleted_at is not None:
        raise Conflict("The task is in the trash. Restore it first.", code="trashed")
