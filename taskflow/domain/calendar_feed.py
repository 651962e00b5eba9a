"""Tasks as an iCalendar document (RFC 5545): to-dos, and events for those that are due, which every calendar shows."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Final
from uuid import UUID

from taskflow.domain.priority import Priority
from taskflow.domain.zones import load_zone

if TYPE_CHECKING:
    from icalendar import Event, Todo

PRODUCT: Final = "-//TaskFlow//TaskFlow//EN"
TODO, EVENT = "todo", "event"
COMPONENTS: Final = (TODO, EVENT)
#: How long the entry of a timed task is where nobody estimated it.
USUAL_LENGTH: Final = timedelta(minutes=30)
#: How often a program should look, as far as it listens.
REFRESH: Final = timedelta(minutes=15)
_STATUSES: Final = {
    "todo": "NEEDS-ACTION",
    "in_progress": "IN-PROCESS",
    "done": "COMPLETED",
    "cancelled": "CANCELLED",
}
_PRIORITIES: Final = {Priority.URGENT: 1, Priority.HIGH: 3, Priority.MEDIUM: 5, Priority.LOW: 9}
_UNTIL: Final = re.compile(r"UNTIL=(\d{8})(T\d{6}Z?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarTask:
    """What a calendar shows of a task. Datetimes are aware; at most one of the due fields is given."""

    id: UUID
    title: str
    description: str
    status: str
    priority: Priority
    labels: tuple[str, ...]
    due_date: date | None
    due_at: datetime | None
    start_date: date | None
    estimate_minutes: int | None
    #: A rule without `RRULE:` that counts from the due date; empty for none.
    recurrence: str
    parent: UUID | None
    url: str
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


def render_calendar(
    tasks: Iterable[CalendarTask], *, name: str, timezone: str, components: Collection[str] = COMPONENTS
) -> bytes:
    """The document, with the same bytes for the same tasks. Repeating times keep their wall clock in `timezone`."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    # Not a text of the standard: the library writes it as it stands, and a line ends where the name has one.
    calendar.add("X-WR-CALNAME", " ".join(_clean(name).split()))
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    zone = load_zone(timezone)
    for task in tasks:
        if TODO in components:
            calendar.add_component(_todo(task, zone))
        if EVENT in components and (task.due_date or task.due_at) and task.status in ("todo", "in_progress"):
            calendar.add_component(_event(task, zone))
    calendar.add_missing_timezones()
    document: bytes = calendar.to_ical(sorted=False)
    return document


def _todo(task: CalendarTask, zone: tzinfo) -> "Todo":
    from icalendar import Todo

    entry = Todo()
    _describe(entry, task, f"{task.id}@taskflow")
    entry.add("STATUS", _STATUSES[task.status])
    due = _due(task, zone)
    if due is not None:
        entry.add("DUE", due)
    start = due if task.recurrence and due is not None else _start(task, due, zone)
    if start is not None:
        entry.add("DTSTART", start)
    if task.status == "done":
        entry.add("PERCENT-COMPLETE", 100)
        if task.completed_at is not None:
            entry.add("COMPLETED", task.completed_at.astimezone(UTC))
    elif task.recurrence and due is not None:
        entry.add("RRULE", _rule(task))
    if task.parent is not None:
        entry.add("RELATED-TO", f"{task.parent}@taskflow")
    return entry


def _event(task: CalendarTask, zone: tzinfo) -> "Event":
    from icalendar import Event

    entry = Event()
    _describe(entry, task, f"{task.id}.due@taskflow")
    due = _due(task, zone)
    entry.add("DTSTART", due)
    if isinstance(due, datetime):
        length = timedelta(minutes=task.estimate_minutes) if task.estimate_minutes else USUAL_LENGTH
        entry.add("DURATION", length)
    # An all-day event without an end lasts its day.
    entry.add("TRANSP", "TRANSPARENT")
    if task.recurrence:
        entry.add("RRULE", _rule(task))
    return entry


def _describe(entry: "Todo | Event", task: CalendarTask, uid: str) -> None:
    """What both kinds have in common."""
    entry.add("UID", uid)
    # Not the present moment: an unchanged task is the same bytes, so that programs need not fetch it again.
    entry.add("DTSTAMP", task.updated_at.astimezone(UTC))
    entry.add("CREATED", task.created_at.astimezone(UTC))
    entry.add("LAST-MODIFIED", task.updated_at.astimezone(UTC))
    entry.add("SUMMARY", _clean(task.title))
    if task.description:
        entry.add("DESCRIPTION", _clean(task.description))
    if task.priority is not Priority.NONE:
        entry.add("PRIORITY", _PRIORITIES[task.priority])
    if task.labels:
        entry.add("CATEGORIES", [_clean(label) for label in task.labels])
    entry.add("URL", task.url)


def _clean(text: str) -> str:
    """Line ends as the library escapes them: a carriage return of its own would end the line of the document."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))


def _due(task: CalendarTask, zone: tzinfo) -> date | datetime | None:
    if task.due_at is None:
        return task.due_date
    try:
        return task.due_at.astimezone(zone if task.recurrence else UTC)
    except OverflowError:
        return task.due_at.astimezone(UTC)


def _start(task: CalendarTask, due: date | datetime | None, zone: tzinfo) -> date | datetime | None:
    """A start of the same type as the due date and before it, as the standard wants; None where there is none such."""
    if task.start_date is None or due is None:
        return task.start_date
    if not isinstance(due, datetime):
        return task.start_date if task.start_date < due else None
    try:
        start = datetime.combine(task.start_date, time(0), tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None
    return start if start < due else None


def _rule(task: CalendarTask) -> dict[str, list[str]]:
    """The rule's parts; its end has the type of the due date."""

    def end(found: re.Match[str]) -> str:
        return f"UNTIL={found[1]}" if task.due_at is None else f"UNTIL={found[1]}{(found[2] or 'T235959').rstrip('Z')}Z"

    from icalendar import vRecur

    rule: dict[str, list[str]] = vRecur.from_ical(_UNTIL.sub(end, task.recurrence))
    return rule
