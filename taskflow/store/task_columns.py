"""The columns of a task's document: what a statement selects, and how the values that come back are read.

What hangs on a task (labels, assignees, blockers, reminders) comes as JSON, so that a task is one row. There are two
ways to gather it: `alone` asks for each row by itself, which is best for one task and is what SQLite does always;
`gathered` asks once for all rows of a page, which on PostgreSQL takes half the time where tasks have labels.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from taskflow.domain.permissions import Actor
from taskflow.store.models import Task
from taskflow.store.models.json_text import json_text
from taskflow.store.projects import visible_projects
from taskflow.store.sql import Sql, uuid_value


class TaskRow(NamedTuple):
    """One task. Columns that end in `_json` are JSON texts; None for an empty list."""

    id: Any
    project_key: str
    number: int
    project: Any
    parent: Any
    title: str
    description: str
    status: str
    priority: int
    due_date: Any
    due_at: Any
    start_date: Any
    estimate_minutes: int | None
    recurrence: str
    recurrence_basis: str
    rank: str
    urgency_score: float
    urgency_factors_json: str
    urgency_as_of: Any
    created_by: str | None
    created_at: Any
    updated_at: Any
    completed_at: Any
    deleted_at: Any
    version: int
    muted: bool | None
    pending: Any
    labels_json: str | None
    assignees_json: str | None
    blockers_json: str | None
    reminders_json: str | None


WIDTH = len(TaskRow._fields)

_OWN = """t.id, {key}, t.number, t.project_id, t.parent_id, t.title, t.description, t.status, t.priority, t.due_date,
 t.due_at, t.start_date, t.estimate_minutes, t.recurrence, t.recurrence_basis, t.rank, t.urgency_score,
 t.urgency_factors, t.urgency_as_of, {creator}, t.created_at, t.updated_at, t.completed_at, t.deleted_at, t.version"""
#: The columns of `store_task` that `gathered` reads.
STORED = _OWN.format(key="t.title_sort", creator="t.created_by_id").replace(" t.title_sort,", "")
_MUTED = "(SELECT w.muted FROM store_taskwatch w WHERE w.task_id = t.id AND w.user_id = %s)"
_LABELS = """(SELECT {names} FROM (SELECT l.name FROM store_task_labels x JOIN store_label l ON l.id = x.label_id
  WHERE x.task_id = t.id ORDER BY l.name_key {c}) y)"""
_ASSIGNEES = """(SELECT {names} FROM (SELECT u.username AS name FROM store_task_assignees x
  JOIN store_user u ON u.id = x.user_id WHERE x.task_id = t.id ORDER BY u.username_key {c}) y)"""
_ALONE = f"""
 {_MUTED},
 (SELECT s.id FROM store_suggestion s WHERE s.task_id = t.id AND s.state = 'pending'),
 {_LABELS},
 {_ASSIGNEES},
 (SELECT {{blockers}} FROM store_dependency d JOIN store_task b ON b.id = d.blocker_id
  WHERE d.blocked_id = t.id AND {{visible}}),
 (SELECT {{reminders}} FROM (SELECT r.minutes_before, r.at FROM store_reminder r
  WHERE r.task_id = t.id ORDER BY r.id) y)
"""
_GATHERED = "w.muted, s.id, l.names, a.names, d.ids, r.list"
#: `ids` is an array of the page's tasks.
_GATHERING = """
 LEFT JOIN store_user u ON u.id = t.created_by_id
 LEFT JOIN store_taskwatch w ON w.task_id = t.id AND w.user_id = %s
 LEFT JOIN store_suggestion s ON s.task_id = t.id AND s.state = 'pending'
 LEFT JOIN (SELECT x.task_id, json_agg(l.name ORDER BY l.name_key COLLATE "C")::text AS names
  FROM store_task_labels x JOIN store_label l ON l.id = x.label_id
  WHERE x.task_id = ANY({ids}) GROUP BY x.task_id) l ON l.task_id = t.id
 LEFT JOIN (SELECT x.task_id, json_agg(u.username ORDER BY u.username_key COLLATE "C")::text AS names
  FROM store_task_assignees x JOIN store_user u ON u.id = x.user_id
  WHERE x.task_id = ANY({ids}) GROUP BY x.task_id) a ON a.task_id = t.id
 LEFT JOIN (SELECT d.blocked_id, json_agg(d.blocker_id ORDER BY d.blocker_id)::text AS ids
  FROM store_dependency d JOIN store_task b ON b.id = d.blocker_id
  WHERE d.blocked_id = ANY({ids}) AND {visible} GROUP BY d.blocked_id) d ON d.blocked_id = t.id
 LEFT JOIN (SELECT r.task_id, json_agg(json_build_array(r.minutes_before, r.at) ORDER BY r.id)::text AS list
  FROM store_reminder r WHERE r.task_id = ANY({ids}) GROUP BY r.task_id) r ON r.task_id = t.id
"""
_UUIDS = frozenset({"id", "project", "parent", "pending"})
_DAYS = frozenset({"due_date", "start_date"})
_TIMES = frozenset({"due_at", "urgency_as_of", "created_at", "updated_at", "completed_at", "deleted_at"})
_DIALECTS = {
    "postgresql": {
        "names": "json_agg(y.name)::text",
        "c": 'COLLATE "C"',
        "blockers": "json_agg(d.blocker_id ORDER BY d.blocker_id)::text",
        "reminders": "json_agg(json_build_array(y.minutes_before, y.at))::text",
    },
    # An aggregate over no rows is '[]' here and NULL there.
    "sqlite": {
        "names": "json_group_array(y.name)",
        "c": "",
        "blockers": "json_group_array(d.blocker_id)",
        "reminders": "json_group_array(json_array(y.minutes_before, y.at))",
    },
}


@dataclass(frozen=True, slots=True)
class Columns:
    """What goes behind SELECT, and what is joined to the task `t` for it."""

    selected: Sql
    joined: Sql


@lru_cache(maxsize=256)
def _alone(vendor: str, visible: str, key: str) -> str:
    creator = "(SELECT u.username FROM store_user u WHERE u.id = t.created_by_id)"
    return f"{_OWN},{_ALONE}".format(visible=visible, key=key, creator=creator, **_DIALECTS[vendor])


def alone(actor: Actor) -> Sql:
    """For one task at a time, `t` of the project `p`, on either database; behind SELECT."""
    visible = visible_projects(actor, "b.project_id")
    text = _alone(connection.vendor, visible.text, "p.key")
    return Sql(text, (_reader(actor), *visible.params))


@lru_cache(maxsize=256)
def _returned(vendor: str, visible: str) -> str:
    key = "(SELECT p.key FROM store_project p WHERE p.id = t.project_id)"
    return re.sub(r"\bt\.", "store_task.", _alone(vendor, visible, key))


def returned(actor: Actor) -> Sql:
    """For RETURNING, of a task that was just saved; SQLite knows no alias there."""
    visible = visible_projects(actor, "b.project_id")
    return Sql(_returned(connection.vendor, visible.text), (_reader(actor), *visible.params))


@cache
def _attached(vendor: str) -> str:
    creator = "(SELECT u.username FROM store_user u WHERE u.id = t.created_by_id)"
    return f"{creator}, {_MUTED}, {_LABELS}, {_ASSIGNEES}".format(**_DIALECTS[vendor])


def attached(actor: Actor) -> Sql:
    """For a task `t` without blockers, reminders and a pending suggestion: what else `describe` needs, in its order."""
    return Sql(_attached(connection.vendor), (_reader(actor),))


def describe(
    task: Task,
    creator: str | None,
    muted: bool | None = None,
    labels_json: str | None = None,
    assignees_json: str | None = None,
) -> TaskRow:
    """What a statement would read of a task that was just saved, and that has none but these hanging on it."""
    return TaskRow(
        id=task.pk,
        project_key=task.project.key,
        number=task.number,
        project=task.project_id,
        parent=task.parent_id,
        title=task.title,
        description=task.description,
        status=str(task.status),
        priority=task.priority,
        due_date=task.due_date,
        due_at=task.due_at,
        start_date=task.start_date,
        estimate_minutes=task.estimate_minutes,
        recurrence=task.recurrence,
        recurrence_basis=task.recurrence_basis,
        rank=task.rank,
        urgency_score=task.urgency_score,
        urgency_factors_json=json_text(task.urgency_factors),
        urgency_as_of=task.urgency_as_of,
        created_by=creator,
        created_at=task.created_at,
        updated_at=task.updated_at,
        completed_at=task.completed_at,
        deleted_at=task.deleted_at,
        version=task.version,
        muted=muted,
        pending=None,
        labels_json=labels_json,
        assignees_json=assignees_json,
        blockers_json=None,
        reminders_json=None,
    )


def gathered(actor: Actor, *, key: str, ids: str) -> Columns:
    """For a page of tasks `t` on PostgreSQL; `key` is the project's key, `ids` an array of their ids."""
    visible = visible_projects(actor, "b.project_id")
    text = f"{_OWN}, {_GATHERED}".format(key=key, creator="u.username", **_DIALECTS["postgresql"])
    joined = _GATHERING.format(ids=ids, visible=visible.text)
    return Columns(Sql(text), Sql(joined, (_reader(actor), *visible.params)))


def _reader(actor: Actor) -> Any:
    # The system watches nothing: that id is nobody's.
    return uuid_value(actor.user_id or UUID(int=0))


def _read_time(value: datetime | str) -> datetime:
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).replace(tzinfo=UTC)


def _read_day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _positions(*readers: tuple[frozenset[str], Callable[[Any], Any]]) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    return tuple(
        (position, reader)
        for names, reader in readers
        for position, name in enumerate(TaskRow._fields)
        if name in names
    )


#: Position → what reads the value that the database gives there. SQLite gives texts, or the column's declared type.
_READERS = {
    "postgresql": (),
    "sqlite": _positions((_UUIDS, UUID), (_DAYS, _read_day), (_TIMES, _read_time), (frozenset({"muted"}), bool)),
}


def read_rows(found: Sequence[Sequence[Any]]) -> list[TaskRow]:
    """The tasks whose selected columns begin these rows."""
    readers = _READERS[connection.vendor]
    if not readers:
        return [TaskRow(*values[:WIDTH]) for values in found]
    made = []
    for values in found:
        held = list(values[:WIDTH])
        for position, reader in readers:
            value = held[position]
            if value is not None:
                held[position] = reader(value)
        made.append(TaskRow(*held))
    return made
