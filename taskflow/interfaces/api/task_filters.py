"""REST: filters and orders of the list of tasks, as conditions of one statement."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time

from taskflow.application.references import named_project
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.priority import Priority
from taskflow.domain.text import words
from taskflow.domain.zones import load_zone
from taskflow.interfaces.api import filter_expressions
from taskflow.interfaces.api.filter_expressions import expression_conditions
from taskflow.interfaces.api.lists import parse_choices, parse_flag
from taskflow.interfaces.api.operation import Query, flag, list_of
from taskflow.store.models.projects import fold_label
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.models.users import fold_name
from taskflow.store.sql import Sql, any_of, join, time_value
from taskflow.store.task_orders import NAMES, Order

NEWEST_FIRST = Order((("created_at", True),))

_WHEN = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}

PARAMETERS = (
    list_of("project", "Ids or keys"),
    list_of("status", "Statuses", TaskStatus.values),
    list_of("priority", "Priorities", [level.value for level in Priority]),
    list_of("label", "Names of labels, without regard to case"),
    list_of("assignee", "Usernames; `me` is the reader"),
    Query("due_before", "Due before this day (the reader's own) or instant", _WHEN),
    Query("due_after", "Due after this day (the reader's own) or instant", _WHEN),
    Query("q", "All words, by their beginnings, without case or accents: title, description, comments"),
    *filter_expressions.PARAMETERS,
    flag("deleted", "The trash instead of all else"),
    list_of(
        "ordering",
        "Several with commas; `-` before a name turns it round. Undated and undecided tasks come last either way",
        [sign + name for name in NAMES for sign in ("", "-")],
    ),
)


def parse_order(parameters: Mapping[str, str]) -> Order:
    """What `ordering` asks for, several names with commas; newest first without it."""
    text = parameters.get("ordering", "")
    if not text:
        return NEWEST_FIRST
    keys = []
    for name in parse_choices("ordering", text):
        if name.removeprefix("-") not in NAMES:
            raise Invalid.field(
                "ordering", "invalid", f"{name[:50]!r} is none of {', '.join(NAMES)}, each with '-' before it or not."
            )
        keys.append((name.removeprefix("-"), name.startswith("-")))
    if len({name for name, _ in keys}) != len(keys):
        raise Invalid.field("ordering", "repeated", "Name each order once.")
    return Order(tuple(keys))


def parse_filters(actor: Actor, parameters: Mapping[str, str]) -> Sql:
    """What every parameter that was given asks of a task; trashed tasks only with `deleted=true`, and then alone."""
    trashed = parse_flag("deleted", parameters["deleted"]) if "deleted" in parameters else False
    conditions = [Sql(f"t.deleted_at IS {'NOT ' if trashed else ''}NULL")]
    conditions += expression_conditions(actor, parameters)
    conditions += [narrow(actor, parameters[name]) for name, narrow in _FILTERS.items() if name in parameters]
    return join("AND", conditions)


def parse_projects(parameters: Mapping[str, str]) -> list[str]:
    """The projects that `project` names, by id or key; none for all."""
    return parse_choices("project", parameters["project"]) if "project" in parameters else []


def check_projects(actor: Actor, references: list[str]) -> None:
    """`Invalid` (`not_found`) for a reference to no project that the actor sees."""
    for reference in references:
        named_project("project", actor, reference, Action.TASK_LIST)


def _by_status(actor: Actor, text: str) -> Sql:
    return any_of("t.status", parse_choices("status", text, tuple(TaskStatus.values)))


def _by_priority(actor: Actor, text: str) -> Sql:
    levels = parse_choices("priority", text, tuple(level.value for level in Priority))
    return any_of("t.priority", [Priority(level).rank for level in levels])


def _by_label(actor: Actor, text: str) -> Sql:
    named = any_of("l.name_key", map(fold_label, parse_choices("label", text)))
    held = "SELECT 1 FROM store_task_labels x JOIN store_label l ON l.id = x.label_id WHERE x.task_id = t.id"
    return Sql(f"EXISTS ({held} AND {named.text})", named.params)


def _by_assignee(actor: Actor, text: str) -> Sql:
    names = [fold_name(actor.username if name == "me" else name) for name in parse_choices("assignee", text)]
    named = any_of("u.username_key", names)
    held = "SELECT 1 FROM store_task_assignees x JOIN store_user u ON u.id = x.user_id WHERE x.task_id = t.id"
    return Sql(f"EXISTS ({held} AND {named.text})", named.params)


def _due_before(actor: Actor, text: str) -> Sql:
    day, moment = _parse_when("due_before", text, actor)
    return Sql("t.due_date < %s OR t.due_at < %s", (day, time_value(moment)))


def _due_after(actor: Actor, text: str) -> Sql:
    day, moment = _parse_when("due_after", text, actor)
    moment = _end(day, actor) if len(text) == 10 else moment
    return Sql("t.due_date > %s OR t.due_at > %s", (day, time_value(moment)))


def _end(day: date, actor: Actor) -> datetime:
    return datetime.combine(day, time.max, load_zone(actor.timezone)).astimezone(UTC)


def _parse_when(name: str, text: str, actor: Actor) -> tuple[date, datetime]:
    """A date (the reader's own day) or a time with its offset, each in both forms."""
    zone = load_zone(actor.timezone)
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            moment = datetime.combine(day, time.min, zone)
        else:
            moment = datetime.fromisoformat(text.replace(" ", "+"))
            if moment.tzinfo is None:
                raise ValueError("naive")
            day = moment.astimezone(zone).date()
        if not 1900 <= moment.year <= 9998:
            raise ValueError("range")
        return day, moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        detail = "Give a date (2026-12-01) or a time with its offset (2026-12-01T09:00:00Z), years 1900 to 9998."
        raise Invalid.field(name, "invalid", detail) from error


def parse_words(parameters: Mapping[str, str]) -> list[str] | None:
    """What `q` asks for; none for everything, None where it says what no word begins with."""
    text = parameters.get("q", "")
    wanted = words(text)
    if len(wanted) > 20:
        raise Invalid.field("q", "too_many", "Search for at most 20 words.")
    if text.strip() and not wanted:
        # Signs alone: no word begins with them.
        return None
    return wanted


_FILTERS: dict[str, Callable[[Actor, str], Sql]] = {
    "status": _by_status,
    "priority": _by_priority,
    "label": _by_label,
    "assignee": _by_assignee,
    "due_before": _due_before,
    "due_after": _due_after,
}
