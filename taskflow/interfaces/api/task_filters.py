"""REST: filters and orders of the list of tasks."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import TypeAlias
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from taskflow.application.ranks import rank_order
from taskflow.application.references import named_project
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.priority import Priority
from taskflow.domain.text import words
from taskflow.interfaces.api import filter_expressions
from taskflow.interfaces.api.filter_expressions import filter_by_expressions
from taskflow.interfaces.api.lists import parse_choices, parse_flag
from taskflow.interfaces.api.operation import Query, flag, list_of
from taskflow.interfaces.api.pages import SortKey
from taskflow.store.models import Task
from taskflow.store.models.projects import fold_label
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.models.users import fold_name
from taskflow.store.search import with_words

Tasks: TypeAlias = QuerySet[Task]

NEWEST_FIRST = (SortKey("created_at", "created_at", descending=True),)

_ORDERS: dict[str, Callable[[bool], SortKey]] = {
    "due": lambda down: SortKey("due", "due_sort", down, missing=Q(due_sort=None)),
    "priority": lambda down: SortKey("priority", "priority", down, missing=Q(priority=0)),
    "urgency": lambda down: SortKey("urgency", "urgency_score", down),
    "created_at": lambda down: SortKey("created_at", "created_at", down),
    "updated_at": lambda down: SortKey("updated_at", "updated_at", down),
    "rank": lambda down: SortKey("rank", rank_order(), down),
    "title": lambda down: SortKey("title", "title_sort", down),
}


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
        [sign + name for name in _ORDERS for sign in ("", "-")],
    ),
)


def sort_keys(parameters: Mapping[str, str]) -> tuple[SortKey, ...]:
    """What `ordering` asks for, several names with commas; newest first without it."""
    text = parameters.get("ordering", "")
    if not text:
        return NEWEST_FIRST
    names = parse_choices("ordering", text)
    keys = []
    for name in names:
        order = _ORDERS.get(name.removeprefix("-"))
        if order is None:
            raise Invalid.field(
                "ordering", "invalid", f"{name[:50]!r} is none of {', '.join(_ORDERS)}, each with '-' before it or not."
            )
        keys.append(order(name.startswith("-")))
    if len({key.name for key in keys}) != len(keys):
        raise Invalid.field("ordering", "repeated", "Name each order once.")
    return tuple(keys)


def filter_tasks(actor: Actor, rows: Tasks, parameters: Mapping[str, str]) -> Tasks:
    """`rows` narrowed by every parameter given; trashed tasks only with `deleted=true`, and then alone."""
    trashed = parse_flag("deleted", parameters["deleted"]) if "deleted" in parameters else False
    rows = rows.filter(deleted_at__isnull=not trashed)
    rows = filter_by_expressions(actor, rows, parameters)
    for name, narrow in _FILTERS.items():
        if name in parameters:
            rows = narrow(actor, rows, parameters[name])
    return rows


def _by_project(actor: Actor, rows: Tasks, text: str) -> Tasks:
    references = parse_choices("project", text)
    found = [named_project("project", actor, reference, Action.TASK_LIST).pk for reference in references]
    return rows.filter(project__in=found)


def _by_status(actor: Actor, rows: Tasks, text: str) -> Tasks:
    return rows.filter(status__in=parse_choices("status", text, tuple(TaskStatus.values)))


def _by_priority(actor: Actor, rows: Tasks, text: str) -> Tasks:
    levels = parse_choices("priority", text, tuple(level.value for level in Priority))
    return rows.filter(priority__in=[Priority(level).rank for level in levels])


def _by_label(actor: Actor, rows: Tasks, text: str) -> Tasks:
    wanted = Q()
    for name in parse_choices("label", text):
        wanted |= Q(labels__name_key=fold_label(name))
    return rows.filter(pk__in=Task.objects.filter(wanted).values("pk"))


def _by_assignee(actor: Actor, rows: Tasks, text: str) -> Tasks:
    wanted = Q()
    for name in parse_choices("assignee", text):
        wanted |= Q(assignees__username_key=fold_name(actor.username if name == "me" else name))
    return rows.filter(pk__in=Task.objects.filter(wanted).values("pk"))


def _due_before(actor: Actor, rows: Tasks, text: str) -> Tasks:
    day, moment = _parse_when("due_before", text, actor)
    return rows.filter(Q(due_date__lt=day) | Q(due_at__lt=moment))


def _due_after(actor: Actor, rows: Tasks, text: str) -> Tasks:
    day, moment = _parse_when("due_after", text, actor)
    return rows.filter(Q(due_date__gt=day) | Q(due_at__gt=_end(day, actor) if len(text) == 10 else moment))


def _end(day: date, actor: Actor) -> datetime:
    return datetime.combine(day, time.max, ZoneInfo(actor.timezone)).astimezone(UTC)


def _parse_when(name: str, text: str, actor: Actor) -> tuple[date, datetime]:
    """A date (the reader's own day) or a time with its offset, each in both forms."""
    zone = ZoneInfo(actor.timezone)
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


def _by_words(actor: Actor, rows: Tasks, text: str) -> Tasks:
    wanted = words(text)
    if len(wanted) > 20:
        raise Invalid.field("q", "too_many", "Search for at most 20 words.")
    if text.strip() and not wanted:
        # Signs alone: no word begins with them.
        return rows.none()
    return with_words(rows, wanted)


_FILTERS: dict[str, Callable[[Actor, Tasks, str], Tasks]] = {
    "project": _by_project,
    "status": _by_status,
    "priority": _by_priority,
    "label": _by_label,
    "assignee": _by_assignee,
    "due_before": _due_before,
    "due_after": _due_after,
    "q": _by_words,
}
