"""Making and changing tasks."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

from taskflow.application import decisions, reminders, suggestions, urgency
from taskflow.application.access import find_task, require_role
from taskflow.application.changes import Change, change
from taskflow.application.completion import follow_completion
from taskflow.application.dependencies import lock_links
from taskflow.application.mentions import tell_mentioned
from taskflow.application.projects import inbox
from taskflow.application.ranks import last_rank, rank_after
from taskflow.application.references import named_project, named_task, unknown
from taskflow.application.task_fields import (
    apply_fields,
    apply_relations,
    follow_due,
    follow_order,
    follow_words,
    refuse_archived,
    set_parent,
)
from taskflow.application.versions import check_version
from taskflow.domain.errors import Conflict, Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.priority import Priority
from taskflow.store import rows
from taskflow.store.held import enter_project, save_task
from taskflow.store.models import Comment, Project, Task
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.projects import named_projects
from taskflow.store.task_columns import describe_new

Fields: TypeAlias = Mapping[str, Any]

_RELATIONS = frozenset({"labels", "assignees", "blocked_by", "reminders"})


def create_task(actor: Actor, fields: Fields) -> Task:
    """A new task from validated `fields` (names as in the API); without `project`, in the parent's or the inbox."""
    with change(actor) as opened:
        return create_in(opened, fields, last=True)


def create_in(opened: Change, fields: Fields, *, last: bool = False) -> Task:
    """`create_task` inside an open change; `last` says that nothing of it comes after."""
    task = add_task(opened, fields, last=last)
    if task.project.auto_suggest == "on_create":
        suggestions.request_in(opened, task)
    elif not fields.keys() & _RELATIONS:
        task.shown = describe_new(task, opened.actor.username or None)
    return task


def add_task(opened: Change, fields: Fields, *, last: bool = False) -> Task:
    """`create_task` inside an open change, without a suggestion; `last`: as in `create_in`."""
    actor = opened.actor
    if fields.get("blocked_by"):
        lock_links()
    project, rank = _enter_project(actor, fields)
    refuse_archived(project)
    given = fields.get("priority")
    task = Task(
        project=project,
        number=project.task_counter,
        priority=project.default_priority if given is None else Priority(given).rank,
        created_by_id=actor.user_id,
        created_at=fields.get("created_at", opened.now),
        updated_at=opened.now,
    )
    apply_fields(task, fields)
    task.completed_at = fields.get("completed_at", opened.now) if task.status == TaskStatus.DONE else None
    set_parent(actor, task, fields, Action.TASK_WRITE)
    follow_due(task)
    task.rank = rank
    urgency.score_alone(task, actor.timezone, opened.now)
    if last and not fields.keys() & _RELATIONS and project.auto_suggest != "on_create":
        opened.insert(task)
    else:
        rows.insert(task)
    relations = apply_relations(actor, task, fields)
    if fields.get("blocked_by"):
        urgency.refresh([task.pk], opened.now)
    opened.event(
        EventType.TASK_CREATED,
        project=project.pk,
        task=task.pk,
        data={"key": task.key, "title": task.title, "priority": task.level.value, "status": task.status},
    )
    tell_mentioned(opened, task, "", task.description)
    if task.status == TaskStatus.DONE:
        opened.event(EventType.TASK_COMPLETED, project=project.pk, task=task.pk, data={"key": task.key})
    if relations.get("assignees"):
        tell_assigned(opened, task, relations["assignees"]["to"])
    if given is not None:
        linked = "blocked_by" in relations
        labels = relations["labels"]["to"] if "labels" in relations else ()
        facts = decisions.facts_of([task.pk])[task.pk] if linked else decisions.facts_alone(task, labels)
        decisions.note_new(opened, [(task, facts)])
    return task


def _enter_project(actor: Actor, fields: Fields) -> tuple[Project, str]:
    """The project that a new task goes into, with the task's number taken (`task_counter`) and its row held; its rank.

    While the row is held nobody else takes the same place.
    """
    reference = fields.get("project")
    if reference is None and fields.get("parent") is not None:
        reference = named_task("parent", actor, fields["parent"], Action.TASK_WRITE).project_id
    if reference is None:
        if actor.user_id is None:
            raise Invalid.field("project", "required", "Name the project that the task goes into.")
        reference = inbox(actor.user_id).pk
    found = enter_project(actor, named_projects([str(reference)]))
    if found is None:
        raise unknown("project", "project", reference)
    require_role(actor, found.role, Action.TASK_WRITE)
    rank = rank_after(found.last_rank) if found.alone else last_rank(found.project.pk)
    return found.project, rank


def update_task(actor: Actor, reference: str | UUID, fields: Fields, *, version: int | None = None) -> Task:
    """Changes the named fields of a task. `StaleVersion`, `Conflict` (`trashed`), `Invalid` leave it as it was."""
    with change(actor) as opened:
        return update_in(opened, reference, fields, version=version)


def update_in(opened: Change, reference: str | UUID, fields: Fields, *, version: int | None = None) -> Task:
    """`update_task` inside an open change."""
    from taskflow.application.task_moves import arrival, move_into  # moving calls back into the fields' rules

    actor = opened.actor
    if fields.get("parent") is not None or fields.get("blocked_by"):
        lock_links()
    task = find_writable(actor, reference, version)
    before = _snapshot(task)
    if fields.get("project") is not None:
        move_into(opened, task, named_project("project", actor, fields["project"], Action.TASK_WRITE))
    apply_fields(task, fields)
    if fields.get("priority") is not None:
        task.priority = Priority(fields["priority"]).rank
    set_parent(actor, task, fields, Action.TASK_READ)
    changes = apply_relations(actor, task, fields)
    after = _snapshot(task)
    changes |= {name: {"from": before[name], "to": after[name]} for name in before if before[name] != after[name]}
    if "project" in changes:
        changes["project"] = arrival(task.project)
    if changes:
        save_changed(opened, task, changes)
    if fields.get("priority") is not None:
        decisions.note_priority(opened, task, task.level)
    return task


def find_writable(actor: Actor, reference: str | UUID, version: int | None = None) -> Task:
    """A task that the actor may change and that is not in the trash (`Conflict`, `trashed`), held until the end."""
    task = find_task(actor, reference, Action.TASK_WRITE, lock=True)
    check_version(task.version, version)
    refuse_trashed(task)
    refuse_archived(task.project)
    return task


def refuse_trashed(task: Task) -> None:
    """`Conflict` (`trashed`) for a task in the trash."""
    if task.deleted_at is not None:
        raise Conflict("The task is in the trash. Restore it first.", code="trashed")


def save_changed(opened: Change, task: Task, changes: dict[str, dict[str, Any]]) -> None:
    """Saves a task of which `changes` (field → from, to) were made: version, suggestions, urgency and events follow."""
    follow_order(task)
    words = bool(changes.keys() & {"title", "description"})
    if words:
        follow_words(task, ())
    status = changes.pop("status", None)
    if status is not None:
        task.completed_at = opened.now if task.status == TaskStatus.DONE else None
    task.version += 1
    task.updated_at = opened.now
    urgency.score_alone(task, _zone_of_creator(opened.actor, task), opened.now)
    row, around = save_task(opened.actor, task)
    if words and around.comments:
        follow_words(task, Comment.objects.filter(task=task).values_list("body", flat=True))
        rows.save(task)
    if around.pending and changes.keys() & decisions.JUDGED_FIELDS:
        decisions.make_stale([task.pk])
    if around.parts and "title" in changes:
        # Parts of a task are judged by its title too.
        decisions.make_stale(task.subtasks.values_list("pk", flat=True))
    if around.reminders and changes.keys() & {"due_date", "due_at"}:
        reminders.follow_due_date(task)
    if around.linked:
        urgency.refresh([task.pk], opened.now)
    task.shown = None if around.linked or around.pending or status is not None else row
    if status is not None:
        _tell_status(opened, task, status)
    if changes:
        opened.event(EventType.TASK_UPDATED, project=task.project_id, task=task.pk, data={"changes": changes})
    if "description" in changes:
        tell_mentioned(opened, task, changes["description"]["from"], task.description)
    if "assignees" in changes:
        added = [name for name in changes["assignees"]["to"] if name not in changes["assignees"]["from"]]
        tell_assigned(opened, task, added)
    if status is not None and task.status == TaskStatus.DONE:
        follow_completion(opened, task)


def _zone_of_creator(actor: Actor, task: Task) -> str:
    """The zone that a task's days are counted in: its creator's."""
    if task.created_by_id is not None and task.created_by_id == actor.user_id:
        return actor.timezone
    return task.created_by.timezone if task.created_by else "UTC"


def _tell_status(opened: Change, task: Task, status: dict[str, Any]) -> None:
    closed = (TaskStatus.DONE, TaskStatus.CANCELLED)
    if task.status == TaskStatus.DONE:
        kind = EventType.TASK_COMPLETED
    elif status["from"] in closed and task.status not in closed:
        kind = EventType.TASK_REOPENED
    else:
        kind = EventType.TASK_UPDATED
    data = {"key": task.key, "changes": {"status": status}}
    opened.event(kind, project=task.project_id, task=task.pk, data=data)


def tell_assigned(opened: Change, task: Task, usernames: list[str]) -> None:
    """One event for each person who was assigned."""
    for username in usernames:
        data = {"key": task.key, "assignee": username}
        opened.event(EventType.TASK_ASSIGNED, project=task.project_id, task=task.pk, data=data)


def _snapshot(task: Task) -> dict[str, Any]:
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
