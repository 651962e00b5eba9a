"""Tasks as they are read: one statement for a task or a page of them, with all that a document of theirs shows.

The ORM with its prefetches took six statements and four times the time for a page.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from taskflow.domain.permissions import Actor
from taskflow.store.projects import visible_projects
from taskflow.store.rows import fetch
from taskflow.store.sql import Sql, join
from taskflow.store.task_columns import WIDTH, TaskRow, alone, gathered, read_rows
from taskflow.store.task_orders import Order


def read_tasks(actor: Actor, condition: Sql) -> list[TaskRow]:
    """The tasks (`t`, of the project `p`) that the actor may see and for which `condition` holds, in no order."""
    columns = alone(actor).selected
    where = join("AND", [condition, visible_projects(actor, "t.project_id")])
    text = f"SELECT {columns.text} FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {where.text}"
    return read_rows(fetch(Sql(text, columns.params + where.params)))


class Page(NamedTuple):
    """Some tasks, and for each the values of what it was ordered by."""

    rows: list[TaskRow]
    places: list[tuple[Any, ...]]


def read_page(
    actor: Actor, condition: Sql, order: Order, *, limit: int, after: Sequence[Any] | None, project: Sql | None
) -> Page:
    """The first `limit` tasks for which `condition` holds, in `order`, behind the place `after` (None: from the start).

    `project` narrows the projects (`p`).
    """
    projects = join("AND", [visible_projects(actor, "p.id"), *([] if project is None else [project])])
    wanted = [Sql("t.project_id = p.id"), condition, *([] if after is None else [order.beyond(after)])]
    statement = _for_postgresql if connection.vendor == "postgresql" else _for_sqlite
    found = fetch(statement(actor, projects, join("AND", wanted), order, int(limit)))
    return Page(read_rows(found), [row[WIDTH:] for row in found])


def _for_postgresql(actor: Actor, projects: Sql, tasks: Sql, order: Order, limit: int) -> Sql:
    """Each project gives its own first tasks, which an index has in order, and those few are merged.

    A condition over all projects would sort every task that the reader may see; and what is sorted is narrow: whole
    rows are read for the page alone.
    """
    keys = ", ".join(f"{expression} AS k{place}" for place, expression in enumerate(order.expressions))
    names = [f"k{place}" for place in range(len(order.expressions))]
    last = f"ORDER BY {order.clause_of([f'f.{name}' for name in names])}"
    columns = gathered(actor, key="f.key", ids="(SELECT i.ids FROM ids i)::uuid[]")
    text = (
        f"WITH found AS MATERIALIZED (SELECT p.key, t.* FROM store_project p CROSS JOIN LATERAL"
        f" (SELECT {keys} FROM store_task t WHERE {tasks.text} ORDER BY {order.clause} LIMIT {limit}) t"
        f" WHERE {projects.text} ORDER BY {order.clause_of(names)} LIMIT {limit}),"
        f" ids AS MATERIALIZED (SELECT array_agg(f.{names[-1]}) AS ids FROM found f)"
        f" SELECT {columns.selected.text}, {', '.join(f'f.{name}' for name in names)}"
        f" FROM found f JOIN store_task t ON t.id = f.{names[-1]} {columns.joined.text} {last}"
    )
    return Sql(text, tasks.params + projects.params + columns.selected.params + columns.joined.params)


def _for_sqlite(actor: Actor, projects: Sql, tasks: Sql, order: Order, limit: int) -> Sql:
    columns = alone(actor).selected
    text = (
        f"SELECT {columns.text}, {', '.join(order.expressions)}"
        f" FROM store_project p JOIN store_task t ON t.project_id = p.id"
        f" WHERE {projects.text} AND {tasks.text} ORDER BY {order.clause} LIMIT {limit}"
    )
    return Sql(text, columns.params + projects.params + tasks.params)
