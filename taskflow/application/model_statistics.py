"""How providers of models fared, day by day, and which models are known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from django.db.models import Max

from taskflow.application import ports
from taskflow.application.access import require_site
from taskflow.application.model_pulls import DONE
from taskflow.application.plugin_board import read_board
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.zones import load_zone
from taskflow.store.models import ModelCall, ModelPull

#: How far back calls are looked at.
DAYS = 30
#: The newest calls that are looked at: more change no percentile that anybody could tell, and cost seconds.
MOST_CALLS = 20_000


@dataclass(frozen=True, slots=True)
class Day:
    """One provider on one day: calls, errors, and the latency of what it answered itself, in milliseconds."""

    calls: int
    errors: int
    median_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """By provider, as suggestions name it, and day. `is_cut`: there were more calls than were looked at."""

    days: tuple[date, ...]
    providers: dict[str, dict[date, Day]]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that TaskFlow has heard of. `pulled_at` and `used_at` are None where it never was."""

    slug: str
    model: str
    pulled_at: datetime | None
    used_at: datetime | None
    #: An administrator chose it by name.
    chosen: bool


def call_statistics(actor: Actor) -> CallStatistics:
    """The calls of the last 30 days, days being those of the actor. Site administrators only."""
    require_site(actor, Action.PLUGIN_ADMIN)
    zone = load_zone(actor.timezone)
    now = ports.now()
    today = now.astimezone(zone).date()
    days = tuple(today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    calls = ModelCall.objects.filter(at__gte=now - timedelta(days=DAYS), cached=False).order_by("-at", "-id")
    rows = list(calls.values_list("provider", "at", "latency_ms", "failure")[: MOST_CALLS + 1])
    grouped = _group(rows[:MOST_CALLS], zone, days[0])
    return CallStatistics(days, {name: grouped[name] for name in sorted(grouped)}, is_cut=len(rows) > MOST_CALLS)


def _group(rows: Sequence[tuple[str, datetime, float, str]], zone: tzinfo, first: date) -> dict[str, dict[date, Day]]:
    latencies: dict[tuple[str, date], list[float]] = defaultdict(list)
    errors: dict[tuple[str, date], int] = defaultdict(int)
    for provider, at, latency, failure in rows:
        place = (provider, at.astimezone(zone).date())
        if failure:
            errors[place] += 1
        else:
            latencies[place].append(latency)
    grouped: dict[str, dict[date, Day]] = defaultdict(dict)
    for provider, day in latencies.keys() | errors.keys():
        if day < first:
            continue
        took, failed = sorted(latencies.get((provider, day), ())), errors.get((provider, day), 0)
        grouped[provider][day] = Day(len(took) + failed, failed, percentile(took, 0.5), percentile(took, 0.95))
    return grouped


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value that `share` of the ordered values do not exceed (nearest rank); None of none."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * round(share * 100) // 100))
    return round(ordered[rank - 1], 1)


def known_models(actor: Actor) -> list[KnownModel]:
    """The models that were fetched, that answered within 30 days, or that are chosen, by provider and name.

    What a provider has beside these is not known here: nobody is asked. Site administrators only.
    """
    require_site(actor, Action.PLUGIN_ADMIN)
    since = ports.now() - timedelta(days=DAYS)
    answered = ModelCall.objects.filter(at__gte=since, failure="").exclude(model="")
    used: dict[tuple[str, str], datetime] = {
        (row["slug"], row["model"]): row["last"]
        for row in answered.order_by().values("slug", "model").annotate(last=Max("at"))
    }
    pulled = {(row.slug, row.model): row.updated_at for row in ModelPull.objects.filter(state=DONE)}
    board = read_board()
    chosen = {(board.provider, board.provider_model)} if board.provider and board.provider_model else set()
    return [
        KnownModel(slug, model, pulled.get((slug, model)), used.get((slug, model)), (slug, model) in chosen)
        for slug, model in sorted(used.keys() | pulled.keys() | chosen)
    ]
