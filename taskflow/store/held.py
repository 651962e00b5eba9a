"""Finding a project or a task together with the actor's role there, in one statement, held or not."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from taskflow.domain.permissions import Actor, ProjectRole
from taskflow.store.models import Project, Task
from taskflow.store.projects import visible_projects
from taskflow.store.rows import build, columns, fetch, save_returning, width
from taskflow.store.sql import Sql, join, uuid_value
from taskflow.store.task_columns import WIDTH, TaskRow, read_rows, returned


def role_of(actor: Actor, project: str) -> Sql:
    """The actor's role in the project whose id the expression `project` gives; NULL for those who are no members."""
    if actor.operator:
        return Sql(f"'{ProjectRole.OWNER.value}'")
    reader = uuid_value(actor.user_id or UUID(int=0))
    return Sql(f"(SELECT m.role FROM store_membership m WHERE m.project_id = {project} AND m.user_id = %s)", (reader,))


def read_project(actor: Actor, condition: Sql) -> tuple[Project, ProjectRole] | None:
    """The project (`p`) that the actor may see and for which `condition` holds, with the actor's role."""
    role = role_of(actor, "p.id")
    where = join("AND", [condition, visible_projects(actor, "p.id")])
    text = f"SELECT {columns(Project, 'p')}, {role.text} FROM store_project p WHERE {where.text}"
    found = fetch(Sql(text, role.params + where.params))
    return (build(Project, found[0][:-1]), ProjectRole(found[0][-1])) if found else None


@dataclass(frozen=True, slots=True)
class Entered:
    """A project whose next task number was taken, with the actor's role there.

    `last_rank` is the greatest rank of its tasks, as long as the statement was `alone`: where it waited for another,
    it has not seen what that one wrote.
    """

    project: Project
    role: ProjectRole
    last_rank: str | None
    alone: bool


def enter_project(actor: Actor, condition: Sql) -> Entered | None:
    """`read_project`, which takes the next task number too: the project's `task_counter` is that number.

    The project's row is held from here until the transaction ends.
    """
    role = role_of(actor, "store_project.id")
    where = join("AND", [condition, visible_projects(actor, "p.id")])
    # SQLite knows no alias in RETURNING.
    text = (
        "UPDATE store_project SET task_counter = task_counter + 1"
        f" WHERE id IN (SELECT p.id FROM store_project p WHERE {where.text})"
        f" RETURNING {columns(Project, 'store_project')}, {role.text},"
        " (SELECT t.rank FROM store_task t WHERE t.project_id = store_project.id ORDER BY t.rank DESC LIMIT 1),"
        # The number as the statement found it, but for SQLite, where it is the new one and the rank is asked for again.
        " (SELECT q.task_counter FROM store_project q WHERE q.id = store_project.id)"
    )
    found = fetch(Sql(text, where.params + role.params))
    if not found:
        return None
    *values, held, last, before = found[0]
    project = build(Project, values)
    return Entered(project, ProjectRole(held), last, alone=before + 1 == project.task_counter)


def read_task(actor: Actor, condition: Sql, *, lock: bool) -> tuple[Task, ProjectRole] | None:
    """The task (`t`, of the project `p`) that the actor may see and for which `condition` holds, with its project.

    `lock` holds the task's row until the transaction ends (PostgreSQL; on SQLite the transaction excludes others).
    """
    role = role_of(actor, "p.id")
    where = join("AND", [condition, visible_projects(actor, "t.project_id")])
    held = " FOR NO KEY UPDATE OF t" if lock and connection.features.has_select_for_update else ""
    text = (
        f"SELECT {columns(Task, 't')}, {columns(Project, 'p')}, {role.text}"
        f" FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {where.text}{held}"
    )
    found = fetch(Sql(text, role.params + where.params))
    if not found:
        return None
    row: tuple[Any, ...] = found[0]
    task = build(Task, row[: width(Task)])
    task.project = build(Project, row[width(Task) : -1])
    return task, ProjectRole(row[-1])


#: Rows that one change holds at most; the graph of links is followed no further anyway.
_MOST_LINKED = 2_000


def hold_linked(actor: Actor, condition: Sql) -> None:
    """Holds, until the transaction ends, the task (`t`, of the project `p`) and all it is linked with (PostgreSQL).

    All in one order, so that the changes of two linked tasks do not wait for each other.
    """
    where = join("AND", [condition, visible_projects(actor, "t.project_id")])
    text = (
        "WITH RECURSIVE linked (id) AS ("
        f"SELECT t.id FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {where.text}"
        " UNION SELECT CASE WHEN d.blocked_id = l.id THEN d.blocker_id ELSE d.blocked_id END"
        " FROM linked l JOIN store_dependency d ON d.blocked_id = l.id OR d.blocker_id = l.id)"
        f" SELECT h.id FROM store_task h WHERE h.id IN (SELECT l.id FROM linked l LIMIT {_MOST_LINKED})"
        " ORDER BY h.id FOR NO KEY UPDATE"
    )
    fetch(Sql(text, where.params))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What hangs on a task: whether it is linked with others, has parts, comments, a pending suggestion on it."""

    linked: bool
    parts: bool
    comments: bool
    pending: bool
    reminders: bool


#: The fields of `Surroundings`, of the task that is `store_task`.
SURROUNDINGS = (
    "EXISTS (SELECT 1 FROM store_dependency d WHERE d.blocked_id = store_task.id)"
    " OR EXISTS (SELECT 1 FROM store_dependency d WHERE d.blocker_id = store_task.id)",
    "EXISTS (SELECT 1 FROM store_task c WHERE c.parent_id = store_task.id)",
    "EXISTS (SELECT 1 FROM store_comment c WHERE c.task_id = store_task.id)",
    "EXISTS (SELECT 1 FROM store_suggestion s WHERE s.task_id = store_task.id AND s.state = 'pending')",
    "EXISTS (SELECT 1 FROM store_reminder r WHERE r.task_id = store_task.id)",
)


def save_task(actor: Actor, task: Task) -> tuple[TaskRow, Surroundings]:
    """Saves a task whose row is held; what its document shows to the actor now, and what hangs on it."""
    columns = returned(actor)
    found = save_returning(task, Sql(f"{columns.text}, {', '.join(SURROUNDINGS)}", columns.params))
    return read_rows([found])[0], Surroundings(*map(bool, found[WIDTH:]))
