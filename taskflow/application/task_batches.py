"""Making many tasks at once: a statement a table, not a dozen a task, with the rows and events of single ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from taskflow.application import decisions, reminders, urgency
from taskflow.application.changes import Change
from taskflow.application.labels import ensure_labels
from taskflow.application.ranks import next_ranks
from taskflow.application.task_fields import apply_fields, follow_due
from taskflow.domain.events import EventType
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Priority
from taskflow.domain.text import search_text
from taskflow.store.identifiers import new_id
from taskflow.store.models import Comment, Project, Reminder, Task, User
from taskflow.store.models.projects import fold_label
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.sequences import next_task_numbers

Fields: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment that comes with a new task; without a time it is of now."""

    body: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to make. `fields` are the plain fields of `create_task`, and `created_at`, `completed_at`.

    `parent` is in the same project: stored, or earlier in the batch.
    """

    project: Project
    fields: Fields
    parent: UUID | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[User, ...] = ()
    remarks: tuple[Remark, ...] = ()
    id: UUID


def add_tasks(opened: Change, wanted: Sequence[NewTask]) -> list[Task]:
    """Makes `wanted` in an open change, without suggestions; the caller has checked what the actor may do there.

    A task that is done stays done: nothing recurs from it.
    """
    tasks = [_build(opened, new) for new in wanted]
    places: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        places[task.project_id].append(task)
    # In one order for all, so that two batches cannot wait for each other.
    for project in sorted(places):
        numbers = next_task_numbers(project, len(places[project]))
        # Only now: the counter holds the project's row, so that nobody else takes the same places.
        ranks = next_ranks(project, len(numbers))
        for task, number, rank in zip(places[project], numbers, ranks, strict=True):
            task.number, task.rank = number, rank
    urgency.score_new(tasks, opened.now)
    Task.objects.bulk_create(tasks)
    _add_labels(wanted, places)
    _add_relations(opened, wanted, tasks)
    for task, new in zip(tasks, wanted, strict=True):
        _tell(opened, task, new)
    decisions.note_new(opened, _judged(wanted, tasks))
    return tasks


def _build(opened: Change, new: NewTask) -> Task:
    given = new.fields.get("priority")
    task = Task(
        id=new.id,
        project=new.project,
        parent_id=new.parent,
        priority=new.project.default_priority if given is None else Priority(given).rank,
        created_by_id=opened.actor.user_id,
        created_at=new.fields.get("created_at") or opened.now,
        updated_at=opened.now,
    )
    apply_fields(task, new.fields)
    if task.status == TaskStatus.DONE:
        task.completed_at = new.fields.get("completed_at") or opened.now
    follow_due(task)
    if new.remarks:
        task.search_text = search_text(task.title, task.description, *(remark.body for remark in new.remarks))
    return task


def _add_labels(wanted: Sequence[NewTask], places: Mapping[UUID, object]) -> None:
    rows = []
    for project in sorted(places):
        here = [new for new in wanted if new.project.pk == project and new.labels]
        labels = {label.name_key: label.pk for label in ensure_labels(project, (n for new in here for n in new.labels))}
        for new in here:
            ids = dict.fromkeys(labels[fold_label(name)] for name in new.labels)
            rows += [Task.labels.through(task_id=new.id, label_id=label) for label in ids]
    Task.labels.through.objects.bulk_create(rows)


def _add_relations(opened: Change, wanted: Sequence[NewTask], tasks: Sequence[Task]) -> None:
    assigned = [
        Task.assignees.through(task_id=new.id, user_id=user.pk)
        for new in wanted
        for user in dict.fromkeys(new.assignees)
    ]
    Task.assignees.through.objects.bulk_create(assigned)
    timed = [
        reminder
        for task, new in zip(tasks, wanted, strict=True)
        if new.fields.get("reminders")
        for reminder in reminders.compute(task, (Reminder(task=task, **each) for each in new.fields["reminders"]))
    ]
    Reminder.objects.bulk_create(timed)
    comments = [
        Comment(
            id=new_id(),
            task_id=new.id,
            author_id=opened.actor.user_id,
            body=remark.body,
            created_at=remark.at or opened.now,
            updated_at=remark.at or opened.now,
        )
        for new in wanted
        for remark in new.remarks
    ]
    Comment.objects.bulk_create(comments)


def _judged(wanted: Sequence[NewTask], tasks: Sequence[Task]) -> list[tuple[Task, TaskFacts]]:
    """The tasks whose priority was given, with what it was judged by; nothing waits for a new task."""
    titles = {task.pk: task.title for task in tasks}
    elsewhere = {new.parent for new in wanted if new.parent is not None} - titles.keys()
    titles |= dict(Task.objects.filter(pk__in=elsewhere).values_list("pk", "title"))
    return [
        (
            task,
            TaskFacts(
                title=task.title,
                description=task.description,
                project=new.project.name,
                labels=tuple(sorted({fold_label(name): name for name in new.labels}.values())),
                due_date=task.due_date,
                due_at=task.due_at,
                start_date=task.start_date,
                estimate_minutes=task.estimate_minutes,
                parent=None if new.parent is None else titles.get(new.parent),
                open_blockers=0,
                open_dependents=0,
                created_at=task.created_at,
            ),
        )
        for task, new in zip(tasks, wanted, strict=True)
        if new.fields.get("priority") is not None
    ]


def _tell(opened: Change, task: Task, new: NewTask) -> None:
    opened.event(
        EventType.TASK_CREATED,
        project=task.project_id,
        task=task.pk,
        data={"key": task.key, "title": task.title, "priority": task.level.value, "status": task.status},
    )
    if task.status == TaskStatus.DONE:
        opened.event(EventType.TASK_COMPLETED, project=task.project_id, task=task.pk, data={"key": task.key})
    for user in new.assignees:
        data = {"key": task.key, "assignee": user.username}
        opened.event(EventType.TASK_ASSIGNED, project=task.project_id, task=task.pk, data=data)
