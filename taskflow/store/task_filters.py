"""What a filter means, as one SQL condition on a task's row `t` and its project's `p`.

No part of a condition is ever NULL: a comparison on a missing value is false, so its `NOT` is true. What a filter names
without the reader seeing it (a project, a parent) matches nothing, as if it did not exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django.db.models.expressions import RawSQL

from taskflow.domain.filters.expressions import And, Comparison, Expression, Name, Not, Operator, Or, Present
from taskflow.domain.filters.fields import split_key
from taskflow.domain.filters.moments import resolve
from taskflow.domain.permissions import Actor
from taskflow.domain.priority import Priority
from taskflow.domain.text import fold
from taskflow.domain.zones import load_zone
from taskflow.store.date_filters import compare_day_column, compare_due, compare_instant_column
from taskflow.store.models.projects import fold_label
from taskflow.store.models.tasks import OPEN_STATUSES, TaskQuerySet
from taskflow.store.models.users import fold_name
from taskflow.store.projects import visible_projects
from taskflow.store.sql import Sql, any_of, join, uuid_value

_SIGNS = {
    Operator.EQUAL: "=",
    Operator.UNEQUAL: "<>",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
    Operator.GREATER: ">",
    Operator.AT_LEAST: ">=",
}
#: Where columns of folded text are cut.
LONGEST_FOLDED = 1_000

_LABELS = "SELECT 1 FROM store_task_labels tl JOIN store_label l ON l.id = tl.label_id WHERE tl.task_id = t.id"
_ASSIGNEES = "SELECT 1 FROM store_task_assignees ta JOIN store_user u ON u.id = ta.user_id WHERE ta.task_id = t.id"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who filters, when, and in which time zone."""

    actor: Actor
    now: datetime
    zone: tzinfo


def filter_condition(expression: Expression, actor: Actor, now: datetime) -> Sql:
    """The condition that `expression` puts on a task, in the words of `actor` at `now` (`me`, `today`).

    It narrows, and gives no right: the query that it goes into still says which tasks the actor may see.
    """
    return _compile(expression, Reader(actor, now, load_zone(actor.timezone)))


def narrow_tasks(rows: TaskQuerySet, condition: Sql, actor: Actor) -> TaskQuerySet:
    """Those of `rows`, which `actor` may see, for which a condition on `t` and `p` holds."""
    # The rows are visible anyway; saying so within keeps the condition away from everybody else's tasks.
    wanted = join("AND", [visible_projects(actor, "t.project_id"), condition])
    text = f"SELECT t.id FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE {wanted.text}"
    return rows.filter(pk__in=RawSQL(text, wanted.params))  # noqa: S611 - fixed text; values are parameters


def _compile(expression: Expression, reader: Reader) -> Sql:
    match expression:
        case And(parts):
            return join("AND", [_compile(part, reader) for part in parts])
        case Or(parts):
            return join("OR", [_compile(part, reader) for part in parts])
        case Not(part):
            return ~_compile(part, reader)
        case Present(name):
            return Sql(_PRESENT[name])
        case Comparison(name, operator, values):
            return _COMPARE[name](reader, operator, values)


def _column(column: str, operator: Operator, values: Sequence[Any]) -> Sql:
    """A column that is never NULL."""
    if operator is Operator.IN:
        return any_of(column, values)
    if operator is Operator.CONTAINS:
        return _contains(column, values[0])
    return Sql(f"{column} {_SIGNS[operator]} %s", (values[0],))


def _contains(column: str, part: str) -> Sql:
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Sql(f"{column} LIKE %s ESCAPE '\\'", (f"%{escaped}%",))


def _title(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return _column("t.title_sort", operator, [fold(value)[:LONGEST_FOLDED] for value in values])


def _description(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return _column("t.description_key", operator, [fold(value) for value in values])


def _status(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return _column("t.status", operator, values)


def _priority(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return _column("t.priority", operator, [Priority(value).rank for value in values])


def _urgency(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return _column("t.urgency_score", operator, values)


def _estimate(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return join("AND", [Sql(_PRESENT[Name.ESTIMATE]), _column("t.estimate_minutes", operator, values)])


def _due(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return compare_due(operator, _resolved(reader, values), reader.zone)


def _start(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return compare_day_column("t.start_date", operator, _resolved(reader, values), reader.zone)


def _instant(column: str) -> "Compare":
    def compare(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
        return compare_instant_column(column, operator, _resolved(reader, values), reader.zone)

    return compare


def _resolved(reader: Reader, values: Sequence[Any]) -> list[Any]:
    return [resolve(value, reader.now, reader.zone) for value in values]


def _label(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    return _many(_LABELS, operator, lambda kind: _column("l.name_key", kind, [fold_label(value) for value in values]))


def _assignee(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    def chosen(kind: Operator) -> Sql:
        if kind is Operator.CONTAINS:
            return _column("u.username_key", kind, [fold_name(values[0])])
        names = [value for value in values if value.lower() != "me"]
        conditions = [any_of("u.username_key", [fold_name(name) for name in names])]
        if len(names) != len(values) and reader.actor.user_id is not None:
            conditions.append(Sql("u.id = %s", (uuid_value(reader.actor.user_id),)))
        return join("OR", conditions)

    return _many(_ASSIGNEES, operator, chosen)


def _many(rows: str, operator: Operator, chosen: Callable[[Operator], Sql]) -> Sql:
    """One of several values: `=`, `in` and `~` ask for one that fits, `!=` for some of which none fits."""
    fitting = chosen(Operator.EQUAL if operator is Operator.UNEQUAL else operator)
    found = Sql(f"EXISTS ({rows} AND ({fitting.text}))", fitting.params)
    return join("AND", [Sql(f"EXISTS ({rows})"), ~found]) if operator is Operator.UNEQUAL else found


def _project(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    if operator is Operator.CONTAINS:
        name, key = fold(values[0]), values[0].upper()
        return join("OR", [_contains("p.name_key", name), _contains("p.key", key)])
    conditions = []
    names = [value for value in values if value.lower() != "inbox"]
    if len(names) != len(values) and reader.actor.user_id is not None:
        owner = uuid_value(reader.actor.user_id)
        conditions.append(Sql("p.inbox_of_id IS NOT NULL AND p.inbox_of_id = %s", (owner,)))
    if names:
        keys = [name.upper() for name in names]
        former = any_of("a.key", keys)
        ids = [uuid_value(found) for found in map(_as_uuid, names) if found is not None]
        conditions += [
            any_of("p.name_key", [fold(name) for name in names]),
            any_of("p.key", keys),
            any_of("p.id", ids),
            Sql(
                f"EXISTS (SELECT 1 FROM store_projectkeyalias a WHERE a.project_id = p.id AND {former.text})",
                former.params,
            ),
        ]
    found = join("OR", conditions)
    return ~found if operator is Operator.UNEQUAL else found


def _key(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    if operator is Operator.CONTAINS:
        return _contains("p.key || '-' || CAST(t.number AS TEXT)", values[0].upper())
    ids = _named_ids(values)
    found = Sql(f"t.id IN ({ids.text})", ids.params)
    return ~found if operator is Operator.UNEQUAL else found


def _parent(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    ids, visible = _named_ids(values), visible_projects(reader.actor, "v.project_id")
    named = f"SELECT v.id FROM store_task v WHERE v.id IN ({ids.text}) AND {visible.text}"
    found = Sql(f"t.parent_id IN ({named})", (*ids.params, *visible.params))
    return join("AND", [Sql(_PRESENT[Name.PARENT]), ~found if operator is Operator.UNEQUAL else found])


def _named_ids(references: Sequence[str]) -> Sql:
    """The tasks of these ids and keys, present and former; each key is one search of an index."""
    selects: list[Sql] = []
    ids: list[UUID] = []
    for reference in references:
        key = split_key(reference)
        if key is None:
            ids.append(UUID(reference))
            continue
        prefix, number = key
        keyed = "SELECT id FROM store_project WHERE key = %s UNION ALL "
        keyed += "SELECT project_id FROM store_projectkeyalias WHERE key = %s"
        params = (number, prefix, prefix)
        selects += [
            Sql(f"SELECT x.id FROM store_task x WHERE x.number = %s AND x.project_id IN ({keyed})", params),
            Sql(
                f"SELECT x.task_id FROM store_taskkeyalias x WHERE x.number = %s AND x.project_id IN ({keyed})", params
            ),
        ]
    if ids:
        chosen = any_of("x.id", [uuid_value(found) for found in ids])
        selects.append(Sql(f"SELECT x.id FROM store_task x WHERE {chosen.text}", chosen.params))
    text = " UNION ALL ".join(select.text for select in selects)
    return Sql(text, tuple(param for select in selects for param in select.params))


def _overdue(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    late = join("AND", [any_of("t.status", OPEN_STATUSES), compare_due(Operator.LESS, [reader.now], reader.zone)])
    return _flag(late, operator, values)


def _blocked(reader: Reader, operator: Operator, values: Sequence[Any]) -> Sql:
    wanting, visible = any_of("b.status", OPEN_STATUSES), visible_projects(reader.actor, "b.project_id")
    waiting = Sql(
        "EXISTS (SELECT 1 FROM store_dependency d JOIN store_task b ON b.id = d.blocker_id "
        f"WHERE d.blocked_id = t.id AND b.deleted_at IS NULL AND {wanting.text} AND {visible.text})",
        (*wanting.params, *visible.params),
    )
    return _flag(join("AND", [any_of("t.status", OPEN_STATUSES), waiting]), operator, values)


def _flag(condition: Sql, operator: Operator, values: Sequence[Any]) -> Sql:
    return condition if values[0] is (operator is Operator.EQUAL) else ~condition


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


Compare = Callable[[Reader, Operator, Sequence[Any]], Sql]

_COMPARE: dict[Name, Compare] = {
    Name.TITLE: _title,
    Name.DESCRIPTION: _description,
    Name.STATUS: _status,
    Name.PRIORITY: _priority,
    Name.DUE: _due,
    Name.START: _start,
    Name.CREATED: _instant("t.created_at"),
    Name.UPDATED: _instant("t.updated_at"),
    Name.COMPLETED: _instant("t.completed_at"),
    Name.LABEL: _label,
    Name.ASSIGNEE: _assignee,
    Name.PROJECT: _project,
    Name.KEY: _key,
    Name.PARENT: _parent,
    Name.URGENCY: _urgency,
    Name.OVERDUE: _overdue,
    Name.BLOCKED: _blocked,
    Name.ESTIMATE: _estimate,
}

_PRESENT: dict[Name, str] = {
    Name.DUE: "t.due_date IS NOT NULL OR t.due_at IS NOT NULL",
    Name.START: "t.start_date IS NOT NULL",
    Name.COMPLETED: "t.completed_at IS NOT NULL",
    Name.LABEL: f"EXISTS ({_LABELS})",
    Name.ASSIGNEE: f"EXISTS ({_ASSIGNEES})",
    Name.PARENT: "t.parent_id IS NOT NULL",
    Name.ESTIMATE: "t.estimate_minutes IS NOT NULL",
}
