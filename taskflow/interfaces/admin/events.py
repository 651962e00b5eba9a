"""The event log, newest first; nobody changes it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from taskflow.application.access import find_task
from taskflow.domain.errors import NotFound
from taskflow.domain.permissions import Action
from taskflow.interfaces.admin.base import AdminPage, actor_of, column
from taskflow.interfaces.admin.display import NOTHING, document, link, moment, shorten
from taskflow.interfaces.admin.filters import ActorFilter, EventProjectFilter, EventTypeFilter, RangeDateTimeFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import Event, Project, Task


@admin.register(Event, site=site)
class EventPage(AdminPage):
    """What happened, who did it, and to which task."""

    list_display = ("when", "short_type", "actor_name", "project_link", "task_cell", "summary", "seq")
    list_display_links = ("when",)
    list_filter = (EventTypeFilter, EventProjectFilter, ActorFilter, ("time", RangeDateTimeFilter))
    list_select_related = ("stream",)
    search_fields = ("task_id",)
    search_help_text = "Key of a task, such as HOME-12"
    # Ids are UUIDv7: their order is the order of time, and the primary key's index has it.
    ordering = ("-id",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("type", "time", "actor_name", "project_link", "task_cell", "seq")}),
        ("Data", {"fields": ("data_document",)}),
    )

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Within one stream by its own numbers, which the stream's index has; the order is the same."""
        return ("-seq",) if request.GET.get(EventProjectFilter.parameter_name) else ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The events of the task that a key or an id names."""
        if not search_term.strip():
            return queryset, False
        try:
            task = find_task(actor_of(request), search_term.strip(), Action.TASK_READ)
        except NotFound:
            return queryset.none(), False
        return queryset.filter(task_id=task.pk), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            self.complete_rows([event])
        return event

    def complete_rows(self, rows: Sequence[Any]) -> None:
        """Project and task are no foreign keys: the log outlives them."""
        projects = Project.objects.only("key", "name").in_bulk({row.stream.project_id for row in rows} - {None})
        tasks = Task.objects.select_related("project").only("number", "title", "project__key")
        found = tasks.in_bulk({row.task_id for row in rows} - {None})
        for row in rows:
            row.project = projects.get(row.stream.project_id)
            row.task = found.get(row.task_id)

    @column("Time")
    def when(self, event: Event) -> Any:
        return moment(event.time)

    @column("Type")
    def short_type(self, event: Event) -> str:
        return event.type.removeprefix("taskflow.")

    @column("Project")
    def project_link(self, event: Any) -> Any:
        if event.stream.project_id is None:
            return "the site"
        return "(deleted)" if event.project is None else link("project", event.project.pk, event.project.key)

    @column("Task")
    def task_cell(self, event: Any) -> Any:
        if event.task is None:
            return NOTHING if event.task_id is None else "(deleted)"
        return link("task", event.task.pk, f"{event.task.key} {shorten(event.task.title, 40)}")

    @column("What")
    def summary(self, event: Event) -> str:
        return shorten(_summarise(event.data), 70)

    @column("Data")
    def data_document(self, event: Event) -> Any:
        return document(event.data)


def _summarise(data: dict[str, Any]) -> str:
    """The log's data in a line: changed fields with what they became, else names and values."""
    changes = data.get("changes")
    if isinstance(changes, dict):
        return ", ".join(f"{name} → {_short(change.get('to'))}" for name, change in changes.items())
    return ", ".join(f"{name}: {_short(value)}" for name, value in data.items() if name != "suggestion")


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value in (None, "") else shorten(str(value), 30)
