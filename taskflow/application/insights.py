"""How well suggestions agree with what people decide."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncWeek

from taskflow.application import ports
from taskflow.domain.permissions import Actor
from taskflow.domain.priority import LEVELS, Priority
from taskflow.store.models import Project, Suggestion
from taskflow.store.models.suggestions import SuggestionState

WEEKS = 12
#: Decisions that opinions are held against; more change no share that anybody could tell.
MOST_JUDGED = 2_000
#: The name of the opinion that a person saw.
SUGGESTION = "suggestion"
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


@dataclass(frozen=True, slots=True)
class OpinionAgreement:
    """Of so many decisions, the share whose level was the most probable one in an opinion."""

    opinion: str
    decisions: int
    agreement: float


def opinion_agreement(actor: Actor, *, days: int) -> list[OpinionAgreement]:
    """How often what was decided in the last `days` days was what each opinion had said: the suggestion's, then the
    rules', the learned one, and each provider's by itself. Decisions in visible projects, the newest `MOST_JUDGED`."""
    since = ports.now() - timedelta(days=days)
    visible = Project.objects.visible_to(actor).values("pk")
    judged = Suggestion.objects.filter(
        task__project__in=visible, auto=False, decided_at__gte=since, final_priority__isnull=False
    ).order_by("-decided_at")
    said: dict[str, list[bool]] = defaultdict(list)
    for advised, signals, final in judged.values_list("suggested_priority", "signals", "final_priority")[:MOST_JUDGED]:
        said[SUGGESTION].append(advised == final)
        decided = Priority.from_rank(cast(int, final)).value
        for signal in signals:
            # What a model said itself; its calibrated probabilities lean on the other opinions.
            opinion = signal.get("raw") or signal["probabilities"]
            if opinion:
                is_builtin = signal["provider"] == "builtin"
                said[signal["source" if is_builtin else "provider"]].append(_top(opinion) == decided)
    first = (SUGGESTION, "rules", "learned")
    names = [name for name in first if name in said] + sorted(said.keys() - set(first))
    return [OpinionAgreement(name, len(said[name]), round(sum(said[name]) / len(said[name]), 4)) for name in names]


def _top(opinion: dict[str, float]) -> str:
    return max(LEVELS, key=lambda level: (opinion[level], LEVELS.index(level)))


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
