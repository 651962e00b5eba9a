"""Making and changing tasks."""

from typing import Any
from uuid import UUID

from taskflow.application import decisions, reminders, suggestions, urgency
from taskflow.application.access import find_task, require_role
from taskflow.application.changes import Change, change
from taskflow.application.completion import follow_completion
from taskflow.application.dependencies import lock_links
from taskflow.application.projects import inbox
from taskflow.application.ranks import last_rank, rank_after
from taskflow.application.references import named_project, named_task, unknown
from taskflow.application.task_fields import (
    apply_relations,
    follow_words,
    refuse_archived,
    set_parent,
)
from taskflow.application.task_steps import (
    URGENT,
    Fields,
    apply_plain,
    differences,
    make_ready,
    new_task,
    refuse_trashed,
    snapshot,
    tell_created,
    tell_updated,
)
from taskflow.application.tasks_at_once import create_at_once, update_at_once
from taskflow.application.versions import check_version
from taskflow.domain.errors import Invalid
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Action, Actor
from taskflow.store import rows
from taskflow.store.held import enter_project, save_task
from taskflow.store.models import Comment, Project, Task
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.projects import named_projects
from taskflow.store.task_columns import describe

_RELATIONS = frozenset({"labels", "assignees", "blocked_by", "reminders"})


def create_task(actor: Actor, fields: Fields) -> Task:
    """A new task from validated `fields` (names as in the API); without `project`, in the parent's or the inbox."""
    task = create_at_once(actor, fields)
    if task is not None:
        return task
    with change(actor) as opened:
        return create_in(opened, fields, last=True)


def create_in(opened: Change, fields: Fields, *, last: bool = False) -> Task:
    """`create_task` inside an open change; `last` says that nothing of it comes after."""
    task = add_task(opened, fields, last=last)
    if task.project.auto_suggest == "on_create":
        suggestions.request_in(opened, task)
    elif not fields.keys() & _RELATIONS:
        task.shown = describe(task, opened.actor.username or None)
    return task


def add_task(opened: Change, fields: Fields, *, last: bool = False) -> Task:
    """`create_task` inside an open change, without a suggestion; `last`: as in `create_in`."""
    actor = opened.actor
    if fields.get("blocked_by"):
        lock_links()
    project, rank = _enter_project(actor, fields)
    refuse_archived(project)
    task = new_task(opened, project, rank, fields)
    set_parent(actor, task, fields, Action.TASK_WRITE)
    if last and not fields.keys() & _RELATIONS and project.auto_suggest != "on_create":
        opened.insert(task)
    else:
        rows.insert(task)
    relations = apply_relations(actor, task, fields)
    if fields.get("blocked_by"):
        urgency.refresh([task.pk], opened.now)
    tell_created(opened, task)
    if relations.get("assignees"):
        tell_assigned(opened, task, relations["assignees"]["to"])
    if fields.get("priority") is not None:
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
    task = update_at_once(actor, reference, fields, version=version)
    if task is not None:
        return task
    with change(actor) as opened:
        return update_in(opened, reference, fields, version=version)


def update_in(opened: Change, reference: str | UUID, fields: Fields, *, version: int | None = None) -> Task:
    """`update_task` inside an open change."""
    from taskflow.application.task_moves import arrival, move_into  # moving calls back into the fields' rules

    actor = opened.actor
    if fields.get("parent") is not None or fields.get("blocked_by"):
        lock_links()
    task = find_writable(actor, reference, version, linked=bool(fields.keys() & URGENT))
    before = snapshot(task)
    if fields.get("project") is not None:
        move_into(opened, task, named_project("project", actor, fields["project"], Action.TASK_WRITE))
    apply_plain(task, fields)
    set_parent(actor, task, fields, Action.TASK_READ)
    changes = apply_relations(actor, task, fields)
    changes |= differences(before, snapshot(task))
    if "project" in changes:
        changes["project"] = arrival(task.project)
    if changes:
        save_changed(opened, task, changes)
    if fields.get("priority") is not None:
        decisions.note_priority(opened, task, task.level)
    return task


def find_writable(actor: Actor, reference: str | UUID, version: int | None = None, *, linked: bool = False) -> Task:
    """A task that the actor may change and that is not in the trash (`Conflict`, `trashed`), held until the end.

    `linked`: as in `find_task`.
    """
    task = find_task(actor, reference, Action.TASK_WRITE, lock=True, linked=linked)
    check_version(task.version, version)
    refuse_trashed(task)
    refuse_archived(task.project)
    return task


def save_changed(opened: Change, task: Task, changes: dict[str, dict[str, Any]]) -> None:
    """Saves a task of which `changes` (field → from, to) were made: version, suggestions, urgency and events follow."""
    changed = frozenset(changes)
    status = changes.pop("status", None)
    if status is not None:
        task.completed_at = opened.now if task.status == TaskStatus.DONE else None
    make_ready(opened, task, changed)
    row, around = save_task(opened.actor, task)
    if around.comments and changes.keys() & {"title", "description"}:
        follow_words(task, Comment.objects.filter(task=task).values_list("body", flat=True))
        rows.save(task)
    if around.pending and changes.keys() & decisions.JUDGED_FIELDS:
        decisions.make_stale([task.pk])
    if around.parts and "title" in changes:
        # Parts of a task are judged by its title too.
        decisions.make_stale(task.subtasks.values_list("pk", flat=True))
    if around.reminders and changes.keys() & {"due_date", "due_at"}:
        reminders.follow_due_date(task)
    former = _former_blockers(changes)
    if changed & URGENT and (around.linked or former):
        urgency.refresh([task.pk, *former], opened.now)
    task.shown = None if around.linked or around.pending or status is not None else row
    if status is not None:
        _tell_status(opened, task, status)
    if changes:
        tell_updated(opened, task, changes)
    if "assignees" in changes:
        added = [name for name in changes["assignees"]["to"] if name not in changes["assignees"]["from"]]
        tell_assigned(opened, task, added)
    if status is not None and task.status == TaskStatus.DONE:
        follow_completion(opened, task)


def _former_blockers(changes: dict[str, dict[str, Any]]) -> set[UUID]:
    """Tasks that nobody waits for any more: they are no neighbours now, and were."""
    links = changes.get("blocked_by")
    return set() if links is None else {UUID(pk) for pk in set(links["from"]) - set(links["to"])}


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
