"""Suggestions: what was advised and why, and deciding pending ones."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from taskflow.application import suggestions
from taskflow.domain.permissions import Actor
from taskflow.domain.priority import LEVELS
from taskflow.interfaces.admin.base import AdminPage, actor_of, column
from taskflow.interfaces.admin.display import (
    NOTHING,
    PRIORITY_TONES,
    SUGGESTION_TONES,
    bars,
    moment,
    percent,
    shorten,
    table,
    task_link,
    task_text,
)
from taskflow.interfaces.admin.filters import (
    AutocompleteSelectFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    by_words,
)
from taskflow.interfaces.admin.site import site
from taskflow.store.models import Suggestion


@admin.register(Suggestion, site=site)
class SuggestionPage(AdminPage):
    """Advice on priorities; read-only but for deciding what is pending."""

    list_display = (
        # Plain text: the first column leads to the suggestion, and one link cannot hold another.
        "task_line",
        "level",
        "confidence_share",
        "state_badge",
        "source",
        "provider",
        "final_level",
        "decided_by",
        "created",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("suggested_priority", ChoicesDropdownFilter),
        ("auto", BooleanRadioFilter),
        ("task__project", AutocompleteSelectFilter),
    )
    list_select_related = ("task__project", "decided_by")
    search_fields = ("task__search_text",)
    search_help_text = "Words from the task"
    ordering = ("-id",)
    actions = ("accept", "dismiss")
    fieldsets = (
        (None, {"fields": ("task_title", "state_badge", "level", "probability_bars", "reason_table")}),
        ("Where it comes from", {"fields": ("signal_table", "source", "provider", "model", "latency")}),
        ("Decision", {"fields": ("final_level", "decided_by", "decided_at", "auto", "requested_by", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("task__search_text", "task__description")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return by_words(queryset, "task", search_term), False

    @column("Task")
    def task_line(self, suggestion: Suggestion) -> str:
        return task_text(suggestion.task)

    @column("Task")
    def task_title(self, suggestion: Suggestion) -> Any:
        return task_link(suggestion.task)

    @column("Suggested", order="suggested_priority", tones=PRIORITY_TONES)
    def level(self, suggestion: Suggestion) -> str | None:
        return suggestion.get_suggested_priority_display()

    @column("Confidence", order="confidence")
    def confidence_share(self, suggestion: Suggestion) -> str:
        return percent(suggestion.confidence)

    @column("State", order="state", tones=SUGGESTION_TONES)
    def state_badge(self, suggestion: Suggestion) -> str:
        return suggestion.state

    @column("Created", order="id")
    def created(self, suggestion: Suggestion) -> Any:
        return moment(suggestion.created_at)

    @column("Decided", order="final_priority", tones=PRIORITY_TONES)
    def final_level(self, suggestion: Suggestion) -> str | None:
        return suggestion.get_final_priority_display()

    @column("Probabilities")
    def probability_bars(self, suggestion: Suggestion) -> Any:
        return bars(suggestion.probabilities)

    @column("Reasons")
    def reason_table(self, suggestion: Suggestion) -> Any:
        return table(
            ("Reason", "Field", "Levels"),
            [(reason["text"], reason["field"], _signed(reason.get("contribution"))) for reason in suggestion.reasons],
        )

    @column("Signals")
    def signal_table(self, suggestion: Suggestion) -> Any:
        return table(
            ("Signal", "Weight", *LEVELS, "Took", "Error"),
            [
                (
                    signal["source"],
                    f"{signal['weight']:.2f}",
                    *(percent((signal["probabilities"] or {}).get(level)) for level in LEVELS),
                    f"{signal['latency_ms']:.1f} ms",
                    shorten(signal["error"] or ""),
                )
                for signal in suggestion.signals
            ],
        )

    @column("Took")
    def latency(self, suggestion: Suggestion) -> str:
        return NOTHING if suggestion.latency_ms is None else f"{suggestion.latency_ms:.1f} ms"

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("store.change_suggestion")

    @admin.action(description="Accept", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Accepts all, or none when one is no longer pending."""
        self._decide(request, queryset, suggestions.accept, "Accepted")

    @admin.action(description="Dismiss", permissions=["decide"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Dismisses all, or none when one is no longer pending."""
        self._decide(request, queryset, suggestions.dismiss, "Dismissed")

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Any], decide: Callable[[Actor, UUID], Suggestion], done: str
    ) -> None:
        actor, ids = actor_of(request), list(queryset.values_list("pk", flat=True))
        for pk in ids:
            decide(actor, pk)
        self.message_user(request, f"{done} {len(ids)} suggestions.", messages.SUCCESS)


def _signed(contribution: float | None) -> str:
    return NOTHING if contribution is None else f"{contribution:+.2f}"
