"""Tasks as they are read: one statement for a task or a page of them, with all that a document of theirs shows.

What hangs on a task (labels, assignees, blockers, reminders) comes as JSON from subqueries of the final rows. The ORM
with its prefetches took six statements and four times the time for a page.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from taskflow.domain.permissions import Actor
from taskflow.store.projects import visible_projects
from taskflow.store.rows import fetch
from taskflow.store.sql import Sql, join, uuid_value
from taskflow.store.task_orders import Order


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


_PLAIN = """t.id, p.key, t.number, t.project_id, t.parent_id, t.title, t.description, t.status, t.priority, t.due_date,
 {due_at}, t.start_date, t.estimate_minutes, t.recurrence, t.recurrence_basis, t.rank,
 t.urgency_score, {factors}, {urgency_as_of},
 (SELECT u.username FROM store_user u WHERE u.id = t.created_by_id),
 {created_at}, {updated_at}, {completed_at}, {deleted_at}, t.version,
 (SELECT w.muted FROM store_taskwatch w WHERE w.task_id = t.id AND w.user_id = %s),
 (SELECT s.id FROM store_suggestion s WHERE s.task_id = t.id AND s.state = 'pending'),
 (SELECT {names} FROM (SELECT l.name FROM store_task_labels x JOIN store_label l ON l.id = x.label_id
  WHERE x.task_id = t.id ORDER BY l.name_key {c}) y),
 (SELECT {names} FROM (SELECT u.username AS name FROM store_task_assignees x JOIN store_user u ON u.id = x.user_id
  WHERE x.task_id = t.id ORDER BY u.username_key {c}) y),
 (SELECT {blockers} FROM store_dependency d JOIN store_task b ON b.id = d.blocker_id
  WHERE d.blocked_id = t.id AND {visible}),
 (SELECT {reminders} FROM (SELECT r.minutes_before, r.at FROM store_reminder r WHERE r.task_id = t.id ORDER BY r.id) y)
"""
_UUIDS = frozenset({"id", "project", "parent", "pending"})
_DAYS = frozenset({"due_date", "start_date"})
_TIMES = frozenset({"due_at", "urgency_as_of", "created_at", "updated_at", "completed_at", "deleted_at"})
_DIALECTS = {
    "postgresql": {
        # The driver reads an instant in Python, at 10 µs each; the standard library reads its text in C.
        **{name: f"t.{name}::text" for name in _TIMES},
        "factors": "t.urgency_factors::text",
        "names": "json_agg(y.name)::text",
        "c": 'COLLATE "C"',
        "blockers": "json_agg(d.blocker_id ORDER BY d.blocker_id)::text",
        "reminders": "json_agg(json_build_array(y.minutes_before, y.at))::text",
    },
    # An aggregate over no rows is '[]' here and NULL there.
    "sqlite": {
        **{name: f"t.{name}" for name in _TIMES},
        "factors": "t.urgency_factors",
        "names": "json_group_array(y.name)",
        "c": "",
        "blockers": "json_group_array(d.blocker_id)",
        "reminders": "json_group_array(json_array(y.minutes_before, y.at))",
    },
}


def _columns(actor: Actor) -> Sql:
    visible = visible_projects(actor, "b.project_id")
    text = _PLAIN.format(visible=visible.text, **_DIALECTS[connection.vendor])
    # The system watches nothing: that id is nobody's.
    reader = uuid_value(actor.user_id or UUID(int=0))
    return Sql(text, (reader, *visible.params))


def read_tasks(actor: Actor, condition: Sql) -> list[TaskRow]:
    """The tasks (`t`, of the project `p`) that the actor may see and for which `condition` holds, in no order."""
    columns = _columns(actor)
    where = join("AND", [condition, visible_projects(actor, "t.project_id")])
    text = f"SELECT {columns.text} FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {where.text}"
    return [_row(row) for row in fetch(Sql(text, columns.params + where.params))]


class Page(NamedTuple):
    """Some tasks, and for each the values of what it was ordered by."""

    rows: list[TaskRow]
    places: list[tuple[Any, ...]]


def read_page(
    actor: Actor, condition: Sql, order: Order, *, limit: int, after: Sequence[Any] | None, project: Sql | None
) -> Page:
    """The first `limit` tasks for which `condition` holds, in `order`, behind the place `after` (None: from the start).

    `project` narrows the projects (`p`). On PostgreSQL each project gives its own first ones, which an index has in
    order, and those few are merged: a condition over all projects would sort every task that the reader may see.
    """
    columns = _columns(actor)
    projects = join("AND", [visible_projects(actor, "p.id"), *([] if project is None else [project])])
    wanted = [Sql("t.project_id = p.id"), condition, *([] if after is None else [order.beyond(after)])]
    inner = join("AND", wanted)
    keys = ", ".join(order.expressions)
    last = f"ORDER BY {order.clause} LIMIT {int(limit)}"
    if connection.vendor == "postgresql":
        text = (
            f"SELECT {columns.text}, {keys} FROM store_project p CROSS JOIN LATERAL"
            f" (SELECT t.* FROM store_task t WHERE {inner.text} {last}) t WHERE {projects.text} {last}"
        )
        params = columns.params + inner.params + projects.params
    else:
        text = (
            f"SELECT {columns.text}, {keys} FROM store_project p JOIN store_task t ON t.project_id = p.id"
            f" WHERE {projects.text} AND {inner.text} {last}"
        )
        params = columns.params + projects.params + inner.params
    width = len(TaskRow._fields)
    found = fetch(Sql(text, params))
    return Page([_row(row[:width]) for row in found], [tuple(row[width:]) for row in found])


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
    "postgresql": _positions((_TIMES, datetime.fromisoformat)),
    "sqlite": _positions((_UUIDS, UUID), (_DAYS, _read_day), (_TIMES, _read_time), (frozenset({"muted"}), bool)),
}


def _row(values: Sequence[Any]) -> TaskRow:
    held = list(values)
    for position, reader in _READERS[connection.vendor]:
        if held[position] is not None:
            held[position] = reader(held[position])
    return TaskRow._make(held)
