"""Tasks as they are read: one statement for a task or a page of them, with all that a document of theirs shows.

The ORM with its prefetches took six statements and four times the time for a page.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection

from taskflow.domain.permissions import Actor
from taskflow.store.projects import visible_projects
from taskflow.store.rows import fetch
from taskflow.store.search import search_condition
from taskflow.store.sql import Sql, join
from taskflow.store.task_columns import WIDTH, TaskRow, alone, gathered, read_rows
from taskflow.store.task_orders import Order
from taskflow.store.word_shares import read_shares


def read_tasks(actor: Actor, condition: Sql) -> list[TaskRow]:
    """The tasks (`t`, of the project `p`) that the actor may see and for which `condition` holds, in no order."""
    columns = alone(actor)
    where = join("AND", [condition, visible_projects(actor, "t.project_id")])
    text = f"SELECT {columns.text} FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {where.text}"
    return read_rows(fetch(Sql(text, columns.params + where.params)))


class Page(NamedTuple):
    """Some tasks, and for each the values of what it was ordered by."""

    rows: list[TaskRow]
    places: list[tuple[Any, ...]]


def read_page(
    actor: Actor,
    condition: Sql,
    order: Order,
    *,
    limit: int,
    after: Sequence[Any] | None = None,
    project: Sql | None = None,
    words: Sequence[str] = (),
) -> Page:
    """The first `limit` tasks for which `condition` holds, in `order`, behind the place `after` (None: from the start).

    `project` narrows the projects (`p`), `words` to the tasks with words that begin so.
    """
    projects = join("AND", [visible_projects(actor, "p.id"), *([] if project is None else [project])])
    wanted = join("AND", [condition, *([] if after is None else [order.beyond(after)])])
    if connection.vendor == "postgresql":
        sought = _by_words if words and not read_shares().are_frequent(words, limit) else _in_order
        found = fetch(_with_columns(actor, sought(projects, wanted, words, order, limit), order))
    else:
        found = fetch(_for_sqlite(actor, projects, join("AND", [wanted, search_condition(words)]), order, limit))
    return Page(read_rows(found), [row[WIDTH:] for row in found])


def _in_order(projects: Sql, tasks: Sql, words: Sequence[str], order: Order, limit: int) -> Sql:
    """Each project gives its own first tasks, which an index has in order, and those few are merged.

    A condition over all projects would sort every task that the reader may see.
    """
    # IS TRUE keeps the index of words out of it.
    held = Sql("1 = 1") if not words else search_condition(words)
    text = (
        f"SELECT p.key, t.* FROM store_project p CROSS JOIN LATERAL (SELECT {_keys(order)} FROM store_task t"
        f" WHERE t.project_id = p.id AND ({tasks.text}) AND ({held.text}) IS TRUE"
        f" ORDER BY {order.clause} LIMIT {limit}) t"
        f" WHERE {projects.text} ORDER BY {order.clause_of(_names(order))} LIMIT {limit}"
    )
    return Sql(text, tasks.params + held.params + projects.params)


def _by_words(projects: Sql, tasks: Sql, words: Sequence[str], order: Order, limit: int) -> Sql:
    """All tasks with the words, wherever they are, and of those the first."""
    held = search_condition(words)
    # OFFSET keeps the tasks' order out of how they are found.
    text = (
        f"SELECT p.key, t.* FROM (SELECT t.project_id, {_keys(order)} FROM store_task t"
        f" WHERE ({held.text}) AND ({tasks.text}) OFFSET 0) t JOIN store_project p ON p.id = t.project_id"
        f" WHERE {projects.text} ORDER BY {order.clause_of(_names(order))} LIMIT {limit}"
    )
    return Sql(text, held.params + tasks.params + projects.params)


def _names(order: Order) -> list[str]:
    return [f"k{place}" for place in range(len(order.expressions))]


def _keys(order: Order) -> str:
    return ", ".join(f"{expression} AS k{place}" for place, expression in enumerate(order.expressions))


def _with_columns(actor: Actor, found: Sql, order: Order) -> Sql:
    """The documents' columns for the tasks that `found` names; what was sorted before is narrow."""
    names = _names(order)
    last = f"ORDER BY {order.clause_of([f'f.{name}' for name in names])}"
    columns = gathered(actor, key="f.key", ids="(SELECT i.ids FROM ids i)::uuid[]")
    text = (
        f"WITH found AS MATERIALIZED ({found.text}),"
        f" ids AS MATERIALIZED (SELECT array_agg(f.{names[-1]}) AS ids FROM found f)"
        f" SELECT {columns.selected.text}, {', '.join(f'f.{name}' for name in names)}"
        f" FROM found f JOIN store_task t ON t.id = f.{names[-1]} {columns.joined.text} {last}"
    )
    return Sql(text, found.params + columns.selected.params + columns.joined.params)


def _for_sqlite(actor: Actor, projects: Sql, tasks: Sql, order: Order, limit: int) -> Sql:
    columns = alone(actor)
    text = (
        f"SELECT {columns.text}, {', '.join(order.expressions)}"
        f" FROM store_project p JOIN store_task t ON t.project_id = p.id"
        f" WHERE {projects.text} AND {tasks.text} ORDER BY {order.clause} LIMIT {limit}"
    )
    return Sql(text, columns.params + projects.params + tasks.params)
