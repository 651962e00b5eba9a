"""Tasks, with what makes them urgent and what was suggested for them."""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from taskflow.application import suggestions, tasks, trash
from taskflow.domain.permissions import Actor
from taskflow.interfaces.admin.base import EditablePage, Values, actor_of, column
from taskflow.interfaces.admin.display import (
    NOTHING,
    PRIORITY_TONES,
    STATUS_TONES,
    bullets,
    link,
    list_link,
    moment,
    one_line,
    percent,
    shorten,
    table,
)
from taskflow.interfaces.admin.filters import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DueFilter,
    TrashFilter,
    by_words,
)
from taskflow.interfaces.admin.site import site
from taskflow.interfaces.admin.task_form import TaskForm, fields_of
from taskflow.store.models import Suggestion, Task
from taskflow.store.models.suggestions import SuggestionState

_KEY = re.compile(r"\s*([A-Za-z][A-Za-z0-9]{1,9})-([0-9]{1,9})\s*")


@admin.register(Task, site=site)
class TaskPage(EditablePage):
    """Tasks of every project."""

    form = TaskForm
    list_display = (
        "key_column",
        "title_column",
        "project_name",
        "status_badge",
        "priority_badge",
        "due",
        "urgency",
        "suggestion",
    )
    list_display_links = ("key_column", "title_column")
    list_filter = (
        TrashFilter,
        ("status", ChoicesDropdownFilter),
        ("priority", ChoicesDropdownFilter),
        DueFilter,
        ("project", AutocompleteSelectFilter),
        ("assignees", AutocompleteSelectFilter),
    )
    list_select_related = ("project",)
    search_fields = ("search_text",)
    search_help_text = "A key such as HOME-12, or words from title, description and comments"
    ordering = ("-id",)
    autocomplete_fields = ("project", "parent")
    actions = ("ask_for_suggestions", "restore")
    readonly_fields = (
        "key_column",
        "urgency_table",
        "suggestion_table",
        "waits_for",
        "events",
        "created_by",
        "created_at",
        "updated_at",
        "completed_at",
        "deleted_at",
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "key_column",
                    "title",
                    "description",
                    "project",
                    "status",
                    "priority",
                    "due_date",
                    "due_at",
                    "start_date",
                    "estimate_minutes",
                    "recurrence",
                    "recurrence_basis",
                    "labels",
                    "assignees",
                    "parent",
                )
            },
        ),
        ("Why it stands where it stands", {"fields": ("urgency_table", "suggestion_table", "waits_for")}),
        ("History", {"fields": ("events", "created_by", "created_at", "updated_at", "completed_at", "deleted_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "title",
                    "description",
                    "project",
                    "priority",
                    "due_date",
                    "due_at",
                    "start_date",
                    "estimate_minutes",
                    "recurrence",
                    "recurrence_basis",
                    "labels",
                    "assignees",
                    "parent",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # A list shows none of the long texts; the form's own query brings them where they are wanted.
        return super().get_queryset(request).defer("search_text")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By key, or by all the words, as prefixes, without case and accents."""
        key = _KEY.fullmatch(search_term)
        if key is not None:
            prefix = key[1].upper()
            named = Q(project__key=prefix) | Q(project__former_keys__key=prefix)
            return queryset.filter(named, number=int(key[2])), True
        return by_words(queryset, "pk", search_term), False

    def complete_rows(self, rows: Sequence[Any]) -> None:
        pending = Suggestion.objects.filter(task__in=[task.pk for task in rows], state=SuggestionState.PENDING).only(
            "task_id", "suggested_priority", "confidence"
        )
        by_task = {suggestion.task_id: suggestion for suggestion in pending}
        for task in rows:
            task.pending = by_task.get(task.pk)

    @column("Key", order="id")
    def key_column(self, task: Task) -> Any:
        return one_line(task.key)

    @column("Title", order="title_sort")
    def title_column(self, task: Task) -> str:
        return shorten(task.title, 60)

    @column("Project")
    def project_name(self, task: Task) -> str:
        return shorten(task.project.name, 30)

    @column("Status", order="status", tones=STATUS_TONES)
    def status_badge(self, task: Task) -> str:
        return task.get_status_display()

    @column("Priority", order="priority", tones=PRIORITY_TONES)
    def priority_badge(self, task: Task) -> str:
        return task.level.value

    @column("Due", order="due_sort")
    def due(self, task: Task) -> Any:
        return moment(task.due_at) if task.due_at is not None else task.due_date and f"{task.due_date:%Y-%m-%d}"

    @column("Urgency", order="urgency_score")
    def urgency(self, task: Task) -> str:
        return f"{task.urgency_score:.1f}"

    @column("Suggested", tones=PRIORITY_TONES)
    def suggestion(self, task: Any) -> Any:
        found = task.pending
        if found is None or found.suggested_priority is None:
            return None
        level = found.get_suggested_priority_display()
        return level, f"{level} {percent(found.confidence)}"

    @column("Urgency")
    def urgency_table(self, task: Task) -> Any:
        rows = [
            (factor["label"], f"{factor['value']:.2f}", f"{factor['weight']:g}", f"{factor['contribution']:+.2f}")
            for factor in task.urgency_factors
        ]
        return table(("Factor", "Value", "Weight", "Points"), [*rows, ("Urgency", "", "", f"{task.urgency_score:.2f}")])

    @column("Suggestions")
    def suggestion_table(self, task: Task) -> Any:
        latest = task.suggestions.order_by("-created_at")[:5]
        rows = [
            (
                link("suggestion", found.pk, found.get_suggested_priority_display() or NOTHING),
                percent(found.confidence),
                found.get_state_display(),
                bullets(reason["text"] for reason in found.reasons),
            )
            for found in latest
        ]
        return table(("Level", "Confidence", "State", "Reasons"), rows)

    @column("Waits for")
    def waits_for(self, task: Task) -> Any:
        blockers = task.blocked_by.select_related("project").order_by("pk")
        return bullets(link("task", blocker.pk, f"{blocker.key} {shorten(blocker.title, 60)}") for blocker in blockers)

    @column("Events")
    def events(self, task: Task) -> Any:
        return list_link("event", f"What happened to {task.key}", q=task.key)

    @admin.action(description="Ask for priority suggestions", permissions=["change"])
    def ask_for_suggestions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Files one request a task."""
        actor, ids = actor_of(request), list(queryset.values_list("pk", flat=True))
        for pk in ids:
            suggestions.request_suggestion(actor, pk)
        self.message_user(request, f"Asked for {len(ids)} suggestions.", messages.SUCCESS)

    @admin.action(description="Take out of the trash", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Restores trashed tasks and what was trashed with them."""
        actor, ids = actor_of(request), list(queryset.exclude(deleted_at=None).values_list("pk", flat=True))
        for pk in ids:
            trash.restore_task(actor, pk)
        self.message_user(request, f"Restored {len(ids)} tasks.", messages.SUCCESS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A task in the trash is looked at, and restored from the list."""
        trashed = obj is not None and obj.deleted_at is not None
        return not trashed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        trashed = obj is not None and obj.deleted_at is not None
        return not trashed and super().has_delete_permission(request, obj)

    def create(self, actor: Actor, values: Values) -> Task:
        fields = fields_of(values)
        if fields["priority"] == "none":
            # Nothing was decided: the project's default holds, and nothing is learned.
            del fields["priority"]
        return tasks.create_task(actor, fields)

    def update(self, actor: Actor, row: Any, values: Values, version: int | None) -> Task:
        return tasks.update_task(actor, row.pk, fields_of(values), version=version)

    def remove(self, actor: Actor, row: Any) -> None:
        trash.delete_task(actor, row.pk)

    def count_deleted(self, rows: Sequence[Any]) -> dict[str, int]:
        return {"tasks, with their subtasks, go into the trash for 30 days": len(rows)}
