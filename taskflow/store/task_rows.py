"""Tasks as they are read: one statement for a task or a page of them, with all that a document of theirs shows.

The ORM with its prefetches took six statements and four times the time for a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from taskflow.domain.permissions import Actor
from taskflow.store.projects import visible_projects
from taskflow.store.rows import fetch
from taskflow.store.search import search_condition
from taskflow.store.sql import Sql, join
from taskflow.store.task_columns import STORED, WIDTH, TaskRow, alone, gathered, read_rows
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
        if words and not read_shares().are_frequent(words, limit):
            sought = _by_words(projects, wanted, words, order, limit)
        else:
            sought = _in_order(projects, wanted, words, order, limit, wide=project is not None)
        found = fetch(_with_columns(actor, sought, order))
    else:
        found = fetch(_for_sqlite(actor, projects, join("AND", [wanted, search_condition(words)]), order, limit))
    return Page(read_rows(found), [row[WIDTH:] for row in found])


@dataclass(frozen=True, slots=True)
class _Found:
    """A statement that finds the tasks of a page, with the key of each one's project and what it is ordered by.

    A `wide` one gives what `gathered` reads of the task's row too, others are joined to it.
    """

    sql: Sql
    wide: bool = False


def _in_order(projects: Sql, tasks: Sql, words: Sequence[str], order: Order, limit: int, *, wide: bool) -> _Found:
    """Each project gives its own first tasks, which an index has in order, and those few are merged.

    A condition over all projects would sort every task that the reader may see. Rows of many projects are sorted
    narrow; those of a few that were named are `wide`.
    """
    # IS TRUE keeps the index of words out of it.
    held = Sql("1 = 1") if not words else search_condition(words)
    columns = f"{STORED}, {_keys(order)}" if wide else _keys(order)
    text = (
        f"SELECT p.key, t.* FROM store_project p CROSS JOIN LATERAL (SELECT {columns} FROM store_task t"
        f" WHERE t.project_id = p.id AND ({tasks.text}) AND ({held.text}) IS TRUE"
        f" ORDER BY {order.clause} LIMIT {limit}) t"
        f" WHERE {projects.text} ORDER BY {order.clause_of(_names(order))} LIMIT {limit}"
    )
    return _Found(Sql(text, tasks.params + held.params + projects.params), wide)


def _by_words(projects: Sql, tasks: Sql, words: Sequence[str], order: Order, limit: int) -> _Found:
    """All tasks with the words, wherever they are, and of those the first."""
    held = search_condition(words)
    # OFFSET keeps the tasks' order out of how they are found.
    text = (
        f"SELECT p.key, t.* FROM (SELECT t.project_id, {_keys(order)} FROM store_task t"
        f" WHERE ({held.text}) AND ({tasks.text}) OFFSET 0) t JOIN store_project p ON p.id = t.project_id"
        f" WHERE {projects.text} ORDER BY {order.clause_of(_names(order))} LIMIT {limit}"
    )
    return _Found(Sql(text, held.params + tasks.params + projects.params))


def _names(order: Order) -> list[str]:
    return [f"k{place}" for place in range(len(order.expressions))]


def _keys(order: Order) -> str:
    return ", ".join(f"{expression} AS k{place}" for place, expression in enumerate(order.expressions))


def _with_columns(actor: Actor, found: _Found, order: Order) -> Sql:
    """The documents' columns for the tasks that were found."""
    alias = "t" if found.wide else "f"
    names = [f"{alias}.{name}" for name in _names(order)]
    source = "found t" if found.wide else f"found f JOIN store_task t ON t.id = {names[-1]}"
    columns = gathered(actor, key=f"{alias}.key", ids="(SELECT i.ids FROM ids i)::uuid[]")
    text = (
        f"WITH found AS MATERIALIZED ({found.sql.text}),"
        f" ids AS MATERIALIZED (SELECT array_agg({names[-1]}) AS ids FROM found {alias})"
        f" SELECT {columns.selected.text}, {', '.join(names)}"
        f" FROM {source} {columns.joined.text} ORDER BY {order.clause_of(names)}"
    )
    return Sql(text, found.sql.params + columns.selected.params + columns.joined.params)


def _for_sqlite(actor: Actor, projects: Sql, tasks: Sql, order: Order, limit: int) -> Sql:
    columns = alone(actor)
    text = (
        f"SELECT {columns.text}, {', '.join(order.expressions)}"
        f" FROM store_project p JOIN store_task t ON t.project_id = p.id"
        f" WHERE {projects.text} AND {tasks.text} ORDER BY {order.clause} LIMIT {limit}"
    )
    return Sql(text, columns.params + projects.params + tasks.params)
