"""Moving tasks between projects and within a project's order."""

from typing import Any
from uuid import UUID

from taskflow.application import decisions, urgency
from taskflow.application.access import find_project, lock_project
from taskflow.application.attachments import refuse_arrival
from taskflow.application.changes import Change, change
from taskflow.application.dependencies import hold_subtree
from taskflow.application.labels import ensure_labels
from taskflow.application.ranks import next_ranks, rank_beside
from taskflow.application.references import named_project, named_task
from taskflow.application.task_fields import refuse_archived
from taskflow.application.tasks import find_writable, save_changed
from taskflow.domain.errors import Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store.at_once import touch
from taskflow.store.models import Decision, Membership, Project, Task, TaskKeyAlias
from taskflow.store.sequences import next_task_numbers


def move_task(
    actor: Actor,
    reference: str | UUID,
    *,
    project: str | None = None,
    before: str | None = None,
    after: str | None = None,
    version: int | None = None,
) -> Task:
    """Moves a task, with its subtasks, into `project` and directly before or after another task there."""
    if before is not None and after is not None:
        raise Invalid.field("after", "both", "Give before or after, not both.")
    if project is None and before is None and after is None:
        raise Invalid.field("project", "required", "Say where to: project, before or after.")
    with change(actor) as opened:
        task = find_writable(actor, reference, version)
        origin, rank = task.project.key, task.rank
        neighbour = _neighbour(actor, task, before, after)
        target = None if project is None else named_project("project", actor, project, Action.TASK_WRITE)
        if target is None and neighbour is not None and neighbour.project_id != task.project_id:
            target = find_project(actor, neighbour.project_id, Action.TASK_WRITE)
        if target is not None:
            move_into(opened, task, target)
        if neighbour is not None:
            if neighbour.project_id != task.project_id:
                field = "before" if before is not None else "after"
                raise Invalid.field(field, "other_project", "The neighbour is not in the project that you move to.")
            # Two who move at the same time must not find the same place; the neighbour's own may have changed.
            touch(lock_project(task.project_id))
            neighbour.refresh_from_db(fields=["rank"])
            task.rank = rank_beside(neighbour, before=before is not None)
        changes: dict[str, dict[str, Any]] = {}
        if task.project.key != origin:
            changes["project"] = arrival(task.project)
        if task.rank != rank:
            changes["rank"] = {"from": rank, "to": task.rank}
        if changes:
            save_changed(opened, task, changes)
        return task


def _neighbour(actor: Actor, task: Task, before: str | None, after: str | None) -> Task | None:
    field, reference = ("before", before) if before is not None else ("after", after)
    if reference is None:
        return None
    neighbour = named_task(field, actor, reference, Action.TASK_READ)
    if neighbour.pk == task.pk:
        raise Invalid.field(field, "itself", "A task cannot stand beside itself. Name another task.")
    return neighbour


def move_into(opened: Change, task: Task, target: Project) -> None:
    """Moves `task` (left for the caller to save) and its subtasks (saved here) into another project.

    Keys are new, the old ones keep resolving; labels go along by name; assignees who are no members stay behind.
    `Conflict` (`attachments_full`), with nothing moved, where their files do not fit into the project.
    """
    if task.project_id == target.pk:
        return
    refuse_archived(target)
    origin = task.project_id
    moving = hold_subtree(task.pk)
    refuse_arrival(moving, target)
    task.parent = None
    below = list(Task.objects.filter(pk__in=moving - {task.pk}).select_related("project").order_by("rank", "pk"))
    members = set(Membership.objects.filter(project=target).values_list("user_id", flat=True))
    # Taking the numbers holds the project, so that nobody else takes these places.
    numbers = iter(next_task_numbers(target.pk, 1 + len(below)))
    ranks = iter(next_ranks(target.pk, 1 + len(below)))
    for moved in [task, *below]:
        TaskKeyAlias.objects.create(project_id=moved.project_id, number=moved.number, task=moved)
        names = list(moved.labels.values_list("name", flat=True))
        former = moved.key
        moved.project, moved.number = target, next(numbers)
        moved.rank = next(ranks)
        moved.labels.set(ensure_labels(target.pk, names))
        moved.assignees.remove(*moved.assignees.exclude(pk__in=members))
        if moved is not task:
            moved.version += 1
            moved.updated_at = opened.now
            moved.save()
        # Neither project's stream names the other: who reads the one may not know of the other.
        left = {"key": former, "changes": {"project": {"from": former.rpartition("-")[0], "to": None}}}
        opened.event(EventType.TASK_UPDATED, project=origin, task=moved.pk, data=left)
        if moved is not task:
            came = {"key": moved.key, "changes": {"project": arrival(target)}}
            opened.event(EventType.TASK_UPDATED, project=target.pk, task=moved.pk, data=came)
    ids = [moved.pk for moved in [task, *below]]
    Decision.objects.filter(task__in=ids).update(project=target)
    decisions.make_stale(ids)
    decisions.forget_reasons(ids)
    # The weights are the new project's. The task itself is not saved yet; that is its caller's part.
    urgency.refresh([moved.pk for moved in below], opened.now)


def arrival(target: Project) -> dict[str, Any]:
    """The change of `project` as the log of the project shows it that the task came to."""
    return {"from": None, "to": target.key}
