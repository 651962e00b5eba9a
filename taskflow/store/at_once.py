"""Changes of one statement, which PostgreSQL runs and commits without a transaction around it.

Two trips to the database instead of five: one reads and holds nothing, the other writes only if the row is still the
one that was read. Its `xmin` tells: every change of a row gives it a new one, and whoever changes what hangs on a row
and is counted here (`Surroundings`, a project's ranks) touches the row with it. Waiting for another's transaction is no
way round: PostgreSQL looks at the condition again when the row has changed meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

import orjson
from django.db import connection, models

from taskflow.domain.permissions import Actor, ProjectRole
from taskflow.store.held import SURROUNDINGS, role_of
from taskflow.store.models import Event, Project, Task
from taskflow.store.projects import named_projects, visible_projects
from taskflow.store.rows import build, columns, fetch, inserting, saving, width
from taskflow.store.sequences import event_insertion, event_values
from taskflow.store.sql import Sql, join
from taskflow.store.task_columns import TaskRow, attached, describe

_FREE = f"NOT ({' OR '.join(SURROUNDINGS)})".replace("store_task.", "t.")


def is_possible() -> bool:
    """Whether this database can: SQLite has one writer, and nothing to gain."""
    return connection.vendor == "postgresql"


@dataclass(frozen=True, slots=True)
class SeenTask:
    """A task as it was read, with its project, the actor's role there and the row's version."""

    task: Task
    role: ProjectRole
    xmin: str
    #: Nothing hangs on it that a change would have to follow.
    free: bool
    #: What its document shows beside the row: `task_columns.attached`.
    attached: tuple[str | None, bool | None, str | None, str | None]

    @property
    def labels(self) -> list[str]:
        """The names of its labels."""
        return list(orjson.loads(self.attached[2])) if self.attached[2] else []


def see_task(actor: Actor, condition: Sql) -> SeenTask | None:
    """The task (`t`, of the project `p`) that the actor may see and for which `condition` holds."""
    role, beside = role_of(actor, "p.id"), attached(actor)
    where = join("AND", [condition, visible_projects(actor, "t.project_id")])
    text = (
        f"SELECT {columns(Task, 't')}, {columns(Project, 'p')}, {role.text}, t.xmin::text, {_FREE}, {beside.text}"
        f" FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {where.text}"
    )
    found = fetch(Sql(text, role.params + beside.params + where.params))
    if not found:
        return None
    *row, held, xmin, free, creator, muted, labels, assignees = found[0]
    task = build(Task, row[: width(Task)])
    task.project = build(Project, row[width(Task) :])
    return SeenTask(task, ProjectRole(held), xmin, free, (creator, muted, labels, assignees))


@dataclass(frozen=True, slots=True)
class SeenProject:
    """A project as it was read, the actor's role there, the greatest rank of its tasks and the row's version."""

    project: Project
    role: ProjectRole
    last_rank: str | None
    xmin: str


def see_project(actor: Actor, reference: str) -> SeenProject | None:
    """The project with this id or key, present or former, if the actor may see it."""
    role = role_of(actor, "p.id")
    where = join("AND", [named_projects([reference]), visible_projects(actor, "p.id")])
    text = (
        f"SELECT {columns(Project, 'p')}, {role.text},"
        " (SELECT t.rank FROM store_task t WHERE t.project_id = p.id ORDER BY t.rank DESC LIMIT 1), p.xmin::text"
        f" FROM store_project p WHERE {where.text}"
    )
    found = fetch(Sql(text, role.params + where.params))
    if not found:
        return None
    *row, held, last, xmin = found[0]
    return SeenProject(build(Project, row), ProjectRole(held), last, xmin)


def touch(row: Task | Project) -> None:
    """Gives a held row a new version: what it stood for has changed, though nothing of its own."""
    if is_possible():
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {row._meta.db_table} SET id = id WHERE id = %s", (row.pk,))


def write_task(seen: SeenTask, events: Sequence[Event], rows: Sequence[models.Model]) -> TaskRow | None:
    """Saves `seen.task` with its project's `events` and new `rows`; None, with nothing written, where it has changed.

    What is given back is what the task's document shows to the one who looked.
    """
    saved = saving(seen.task)
    if saved is None:
        raise ValueError("nothing differs from what is stored")
    guarded = Sql(f"{saved.text} AND xmin = %s::xid", (*saved.params, seen.xmin))
    written = _write(guarded, seen.task.project_id, events, rows)
    return None if written is None else describe(seen.task, *seen.attached)


def write_new(
    actor: Actor, seen: SeenProject, events: Sequence[Event], task: Task, *rows: models.Model
) -> SeenProject | None:
    """Takes the next task number of `seen.project`, which `task` has already, and writes task, `events` and `rows`.

    The project as it is then, None, with nothing written, where it has changed or the actor's role there has.
    """
    role = role_of(actor, "store_project.id")
    text = (
        "UPDATE store_project SET task_counter = task_counter + 1"
        f" WHERE id = %s AND xmin = %s::xid AND {role.text} = %s"
    )
    guarded = Sql(text, (seen.project.pk, seen.xmin, *role.params, seen.role.value))
    xmin = _write(guarded, seen.project.pk, events, (task, *rows))
    return None if xmin is None else replace(seen, last_rank=task.rank, xmin=xmin)


def _write(update: Sql, project: UUID, events: Sequence[Event], rows: Sequence[models.Model]) -> str | None:
    inserts = [inserting(row, source="u") for row in rows]
    text = _writing(update.text, tuple(sql.text for sql in inserts), len(events))
    given = [value for sql in inserts for value in sql.params]
    written = [value for event in events for value in event_values(event)]
    found = fetch(Sql(text, (*update.params, project, *given, project, *written)))
    return str(found[0][0]) if found else None


@lru_cache(maxsize=512)
def _writing(update: str, inserts: tuple[str, ...], events: int) -> str:
    """The division lets nothing stand without its events, should the stream vanish meanwhile: by zero is an error."""
    beside = "".join(f"r{place} AS ({text}), " for place, text in enumerate(inserts))
    return (
        f"WITH u AS ({update} AND EXISTS (SELECT 1 FROM store_eventstream WHERE project_id = %s)"
        f" RETURNING xmin::text AS version), {beside}"
        f"s AS (UPDATE store_eventstream SET head = head + {events} WHERE project_id = %s AND EXISTS (SELECT 1 FROM u)"
        f" RETURNING id, head), e AS ({event_insertion(events)} RETURNING 1)"
        " SELECT u.version, 1 / (SELECT count(*) FROM e) FROM u"
    )
