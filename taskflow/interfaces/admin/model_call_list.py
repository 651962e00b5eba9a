"""Calls of language models, newest first: who was asked, how long it took, how much was sent. No text is kept."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from taskflow.interfaces.admin.base import AdminPage, column
from taskflow.interfaces.admin.display import NOTHING, link, moment, shorten
from taskflow.interfaces.admin.filters import BooleanRadioFilter, DropdownFilter, RangeDateTimeFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import ModelCall

OUTCOME_TONES = {
    "answered": "success",
    "cached": "info",
    "busy": "warning",
    "breaker_open": "warning",
    "not_running": "warning",
    **dict.fromkeys(("auth", "transient", "permanent", "bug", "timeout", "crash", "bad_answer"), "danger"),
}


#: Failures before anything was told to a model.
_UNSENT = frozenset({"busy", "breaker_open", "not_running", "no_provider", "stale_config", "superseded"})


class LeftFilter(BooleanRadioFilter):
    """Whether the provider counts as leaving this machine."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = "left this machine"


class TimeFilter(RangeDateTimeFilter):
    """When the call was made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = "time"


class ProviderFilter(DropdownFilter):
    """The providers that were asked."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        named = ModelCall.objects.order_by("provider").values_list("provider", flat=True).distinct()
        return [(name, name) for name in named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class OutcomeFilter(DropdownFilter):
    """How calls ended."""

    title = "outcome"
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return (("answered", "Answered"), ("cached", "Answered from before"), ("failed", "Failed"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "answered":
                return queryset.filter(failure="", cached=False)
            case "cached":
                return queryset.filter(failure="", cached=True)
            case "failed":
                return queryset.exclude(failure="")
        return queryset


@admin.register(ModelCall, site=site)
class ModelCallPage(AdminPage):
    """The record of calls; nobody changes it."""

    list_display = (
        "when",
        "provider",
        "model_in_short",
        "purpose",
        "latency",
        "sent",
        "redactions",
        "outcome",
    )
    list_display_links = ("when",)
    list_filter = (
        ProviderFilter,
        OutcomeFilter,
        ("leaves", LeftFilter),
        ("at", TimeFilter),
    )
    ordering = ("-at", "-id")
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("when", "provider", "model_name", "purpose", "prompt_version", "outcome")}),
        ("How long and how much", {"fields": ("latency", "prompt_tokens", "completion_tokens")}),
        ("What was sent", {"fields": ("left", "sent", "redactions", "sha256")}),
        ("On whose behalf", {"fields": ("task_cell", "person_cell")}),
    )

    @column("Time")
    def when(self, call: ModelCall) -> Any:
        return moment(call.at)

    @column("Model")
    def model_in_short(self, call: ModelCall) -> Any:
        # Servers name models by the paths of their files: one of them would push all else out of sight.
        short = shorten(call.model, 40)
        return format_html('<span title="{}">{}</span>', call.model, short) if short != call.model else short or NOTHING

    @column("Model")
    def model_name(self, call: ModelCall) -> str:
        return call.model or NOTHING

    @column("Took")
    def latency(self, call: ModelCall) -> str:
        return f"{call.latency_ms:,.0f} ms"

    @column("Sent")
    def sent(self, call: ModelCall) -> str:
        if call.sent_bytes:
            return f"{call.sent_bytes:,} bytes"
        # A gateway that was gone in the middle did not tell how far it was.
        is_known = call.cached or not call.failure or call.sha256 or call.failure in _UNSENT
        return "nothing" if is_known else "not known"

    @column("Left this machine", yes_no=True)
    def left(self, call: ModelCall) -> bool:
        return call.leaves

    @column("Outcome", tones=OUTCOME_TONES)
    def outcome(self, call: ModelCall) -> str:
        return call.failure or ("cached" if call.cached else "answered")

    @column("Task")
    def task_cell(self, call: ModelCall) -> Any:
        return NOTHING if call.task is None else link("task", call.task.pk, call.task.key)

    @column("Person")
    def person_cell(self, call: ModelCall) -> Any:
        return NOTHING if call.person is None else link("user", call.person.pk, call.person.username)
