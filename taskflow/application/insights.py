"""How well suggestions agree with what people decide."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncWeek

from taskflow.application import ports
from taskflow.domain.permissions import Actor
from taskflow.store.models import Project, Suggestion
from taskflow.store.models.suggestions import SuggestionState

WEEKS = 12
_JUDGED = (SuggestionState.ACCEPTED, SuggestionState.OVERRIDDEN, SuggestionState.DISMISSED)


def prioritisation_insights(actor: Actor) -> dict[str, Any]:
    """Decisions on suggestions in visible projects over the last 12 weeks: counts, agreement rates, mean latency.

    `agreement` is accepted / (accepted + overridden + dismissed), by people: auto-applied ones do not count.
    """
    since = ports.now() - timedelta(weeks=WEEKS)
    visible = Project.objects.visible_to(actor).values("pk")
    recent = Suggestion.objects.filter(task__project__in=visible, created_at__gte=since)
    judged = recent.filter(state__in=_JUDGED, auto=False)
    totals = judged.aggregate(**_COUNTS)
    latency = recent.aggregate(mean=Avg("latency_ms"))["mean"]
    return {
        "since": since,
        "decisions": totals["decisions"],
        "accepted": totals["accepted"],
        "overridden": totals["overridden"],
        "dismissed": totals["dismissed"],
        "auto_applied": recent.filter(auto=True).count(),
        "agreement": _rate(totals),
        "mean_latency_ms": None if latency is None else round(latency, 3),
        "by_source": _grouped(judged, "source"),
        "by_provider": _grouped(judged, "provider"),
        "by_week": [
            {"week": _day(row["week"]), "decisions": row["decisions"], "agreement": _rate(row)}
            for row in _weekly(judged)
        ],
    }


def provider_agreement(actor: Actor, *, days: int) -> list[dict[str, Any]]:
    """For each provider that led a suggestion, the decisions of the last `days` days and the share that followed it."""
    since = ports.now() - timedelta(days=days)
    visible = Project.objects.visible_to(actor).values("pk")
    judged = Suggestion.objects.filter(task__project__in=visible, state__in=_JUDGED, auto=False, decided_at__gte=since)
    return _grouped(judged, "provider")


_COUNTS: dict[str, Any] = {
    "decisions": Count("pk"),
    "accepted": Count("pk", filter=Q(state=SuggestionState.ACCEPTED)),
    "overridden": Count("pk", filter=Q(state=SuggestionState.OVERRIDDEN)),
    "dismissed": Count("pk", filter=Q(state=SuggestionState.DISMISSED)),
}


def _weekly(judged: Any) -> Any:
    return judged.annotate(week=TruncWeek("decided_at")).values("week").annotate(**_COUNTS).order_by("week")


def _grouped(judged: Any, column: str) -> list[dict[str, Any]]:
    rows = judged.values(column).annotate(**_COUNTS).order_by(column)
    return [{column: row[column], "decisions": row["decisions"], "agreement": _rate(row)} for row in rows]


def _rate(row: dict[str, Any]) -> float | None:
    return round(row["accepted"] / row["decisions"], 4) if row["decisions"] else None


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
