"""Keeps the instants of reminders true. Sending is not done here; what is read of a task that is done is not due."""

from collections.abc import Iterable
from datetime import tzinfo
from uuid import UUID

from taskflow.domain.reminders import remind_at
from taskflow.domain.zones import load_zone
from taskflow.store.models import Reminder, Task

#: Reminders that are computed in one go.
CHUNK = 500


def zone_of(task: Task) -> tzinfo:
    """The zone in which a task's days begin: that of who made it, as for its urgency."""
    return load_zone(task.created_by.timezone if task.created_by else "UTC")


def compute(task: Task, reminders: Iterable[Reminder]) -> list[Reminder]:
    """The same reminders of `task`, with their instants; not saved."""
    kept = list(reminders)
    # Only an all-day task needs the zone, which may cost a query.
    zone = zone_of(task) if task.due_date is not None else load_zone("UTC")
    for reminder in kept:
        reminder.remind_at = remind_at(
            at=reminder.at,
            minutes_before=reminder.minutes_before,
            due_date=task.due_date,
            due_at=task.due_at,
            zone=zone,
        )
    return kept


def follow_due_date(task: Task) -> None:
    """Stores the instants of a task's reminders anew, after its due date has changed."""
    waiting = Reminder.objects.filter(task=task, at=None)
    Reminder.objects.bulk_update(compute(task, waiting), ["remind_at"])


def follow_zone(user_id: UUID) -> None:
    """Stores the instants of the reminders of somebody's all-day tasks anew, after their zone has changed."""
    waiting = Reminder.objects.filter(at=None, task__created_by_id=user_id, task__due_date__isnull=False)
    rows = waiting.select_related("task__created_by").only(
        "minutes_before", "at", "task__due_date", "task__due_at", "task__created_by__timezone"
    )
    changed = [computed for row in rows for computed in compute(row.task, [row])]
    Reminder.objects.bulk_update(changed, ["remind_at"], batch_size=CHUNK)
