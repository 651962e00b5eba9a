"""The next task of a series: made in the change that completes a recurring one, and never twice."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from fractional_indexing import generate_n_keys_between

from taskflow.application import reminders, suggestions, urgency
from taskflow.application.changes import Change
from taskflow.application.ranks import last_rank
from taskflow.application.task_fields import follow_due
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Actor
from taskflow.domain.recurrence import Basis, Due, Occurrence, next_occurrence, shift_day, shift_instant
from taskflow.store.models import Membership, Reminder, Task, TaskWatch
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.sequences import next_task_numbers


def continue_series(opened: Change, task: Task, parts: Sequence[Task]) -> None:
    """Makes the task that follows a recurring one which is done now, with fresh copies of its `parts`.

    `parts` are all the tasks below it, parents first, as they were before it was done. Nothing is made while a task
    that was made before still follows (it was reopened and is done again), or when the series has ended.
    """
    followers = dict(
        Task.objects.filter(previous__in=[task.pk, *(part.pk for part in parts)], deleted_at=None).values_list(
            "previous_id", "pk"
        )
    )
    if task.pk in followers:
        return
    due = Due(task.due_date, task.due_at, task.recurrence_day, task.recurrence_clock)
    zone = reminders.zone_of(task)
    found = next_occurrence(
        task.recurrence, Basis(task.recurrence_basis), due, completed_at=task.completed_at or opened.now, zone=zone
    )
    if found is None:
        return
    # One that was thrown away no longer follows; should it come back, it is a task of its own.
    Task.objects.filter(previous=task).update(previous=None)
    originals = [task, *_wanted(task, parts, followers)]
    copies = _copy(opened, originals, found)
    _copy_relations(originals, copies, found)
    urgency.refresh([copy.pk for copy in copies], opened.now)
    for copy in copies:
        data = {"key": copy.key, "title": copy.title, "priority": copy.level.value, "status": copy.status}
        if copy.previous_id is not None:
            data["previous"] = task.key
        opened.event(EventType.TASK_CREATED, project=copy.project_id, task=copy.pk, data=data)
        if task.project.auto_suggest == "on_create":
            suggestions.request_in(opened, copy)


def followers_of(actor: Actor, task_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Task → id and key of the one that follows it in its series, where there is one that the actor sees."""
    if not task_ids:
        return {}
    following = Task.objects.visible_to(actor).filter(previous__in=task_ids, deleted_at=None)
    rows = following.values_list("previous_id", "pk", "project__key", "number")
    return {previous: {"id": pk, "key": f"{key}-{number}"} for previous, pk, key, number in rows}


def _wanted(task: Task, parts: Sequence[Task], followers: dict[UUID, UUID]) -> list[Task]:
    """The parts that come again: not cancelled, not followed by one of their own series, nor below one of these."""
    kept = {task.pk}
    wanted = []
    for part in parts:
        if part.parent_id in kept and part.status != TaskStatus.CANCELLED and part.pk not in followers:
            kept.add(part.pk)
            wanted.append(part)
    return wanted


def _copy(opened: Change, originals: Sequence[Task], found: Occurrence) -> list[Task]:
    """The rows of the new tasks. The first takes the place of the one that is done, which moves to the end."""
    task = originals[0]
    zone = reminders.zone_of(task)
    numbers = next_task_numbers(task.project_id, len(originals))
    ranks = iter(generate_n_keys_between(last_rank(task.project_id), None, len(originals)))
    copies: dict[UUID, Task] = {}
    for original, number in zip(originals, numbers, strict=True):
        copy = Task(
            project=task.project,
            number=number,
            title=original.title,
            description=original.description,
            priority=original.priority,
            start_date=shift_day(original.start_date, found.days),
            estimate_minutes=original.estimate_minutes,
            recurrence=original.recurrence,
            recurrence_basis=original.recurrence_basis,
            created_by=original.created_by,
            created_at=opened.now,
            updated_at=opened.now,
        )
        if original is task:
            copy.parent_id, copy.previous, copy.recurrence = task.parent_id, task, found.rule
            copy.due_date, copy.due_at = found.due.on, found.due.at
            copy.recurrence_day, copy.recurrence_clock = found.due.day, found.due.clock
            copy.rank = task.rank
        else:
            copy.parent = copies[original.parent_id] if original.parent_id else None
            copy.due_date = shift_day(original.due_date, found.days)
            copy.due_at = shift_instant(original.due_at, found.days, zone)
            copy.rank = next(ranks)
        follow_due(copy)
        copies[original.pk] = copy
    task.rank = next(ranks)
    Task.objects.filter(pk=task.pk).update(rank=task.rank)
    Task.objects.bulk_create(copies.values())
    return list(copies.values())


def _copy_relations(originals: Sequence[Task], copies: Sequence[Task], found: Occurrence) -> None:
    """Labels, assignees who are still members, reminders and who watches or mutes; not what they waited for."""
    copy_of = {original.pk: copy for original, copy in zip(originals, copies, strict=True)}
    labels = Task.labels.through
    labels.objects.bulk_create(
        labels(task_id=copy_of[task].pk, label_id=label)
        for task, label in labels.objects.filter(task__in=copy_of).values_list("task_id", "label_id")
    )
    assigned = Task.assignees.through
    members = Membership.objects.filter(project=originals[0].project_id, user__is_active=True).values("user_id")
    assigned.objects.bulk_create(
        assigned(task_id=copy_of[task].pk, user_id=user)
        for task, user in assigned.objects.filter(task__in=copy_of, user__in=members).values_list("task_id", "user_id")
    )
    TaskWatch.objects.bulk_create(
        TaskWatch(task=copy_of[watch.task_id], user_id=watch.user_id, muted=watch.muted)
        for watch in TaskWatch.objects.filter(task__in=copy_of)
    )
    made = []
    for reminder in Reminder.objects.filter(task__in=copy_of).order_by("pk"):
        copy = copy_of[reminder.task_id]
        at = shift_instant(reminder.at, found.days, reminders.zone_of(copy))
        if at is not None or reminder.minutes_before is not None:
            made += reminders.compute(copy, [Reminder(task=copy, minutes_before=reminder.minutes_before, at=at)])
    Reminder.objects.bulk_create(made)
