"""Wishes to hear of a task, or not to."""

from uuid import UUID

from taskflow.application.access import find_task
from taskflow.application.changes import change
from taskflow.application.task_steps import refuse_trashed
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Task, TaskWatch


def set_watch(actor: Actor, reference: str | UUID, *, muted: bool) -> Task:
    """Notes that the actor wants to hear of a task, or (`muted`) nothing of it; the latter wish replaces the former.

    `Conflict` (`trashed`) for a task in the trash.
    """
    with change(actor):
        task = find_task(actor, reference, Action.TASK_WATCH)
        refuse_trashed(task)
        TaskWatch.objects.update_or_create(task=task, user_id=actor.person, defaults={"muted": muted})
        return task
