"""What the page of models shows: the provider in force and why, known models, pulls, and charts of 30 days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from taskflow.application.insights import opinion_agreement
from taskflow.application.model_provider import describe_choice
from taskflow.application.model_pulls import DONE, RUNNING
from taskflow.application.model_statistics import DAYS, MOST_CALLS, CallStatistics, Day, call_statistics
from taskflow.application.plugin_cards import Card
from taskflow.domain.permissions import Actor
from taskflow.interfaces.admin.charts import MOST_SERIES, Chart, Series, bar_chart, line_chart, named_chart
from taskflow.interfaces.admin.display import NOTHING, ago
from taskflow.plugin_api import Kind
from taskflow.store.models import ModelPull

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_PULL_TONES = {"running": "primary", "done": "success", "failed": "danger"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The provider that suggestions ask, as a sentence; `slug` and `model` are what an administrator chose."""

    sentence: str
    slug: str
    model: str
    in_force: str | None

    @property
    def is_chosen(self) -> bool:
        """Whether there is a choice to take back."""
        return bool(self.slug)


def describe_force(cards: Sequence[Card], *, chosen_slug: str, chosen_model: str) -> Choice:
    """Which provider is in force, and why."""
    choice = describe_choice(list(cards))
    names = {card.plugin.slug: card.name for card in cards}
    model = f", model {chosen_model}" if chosen_model else ""
    if choice.chosen and choice.slug is not None:
        said = f"Suggestions ask {names.get(choice.slug, choice.slug)}{model}: an administrator chose it."
    elif choice.chosen:
        name = names.get(chosen_slug, chosen_slug)
        said = f"{name} is chosen and is not ready, so suggestions do without a model. Another one does not step in."
    elif choice.slug is not None:
        said = f"Suggestions ask {names.get(choice.slug, choice.slug)}: it is the only provider that is ready."
    elif choice.ready:
        said = f"{len(choice.ready)} providers are ready and none is chosen, so suggestions do without a model: choose."
    else:
        said = "No provider is ready, so suggestions do without a model: rules and earlier decisions answer."
    return Choice(said, chosen_slug, chosen_model, choice.slug)


def providers_of(cards: Sequence[Card]) -> list[Card]:
    """The model providers that can be used as they are installed."""
    return [
        card for card in cards if Kind.LLM_PROVIDER in card.kinds and not card.plugin.error and not card.plugin.missing
    ]


@dataclass(frozen=True, slots=True)
class PullView:
    """A pull in words."""

    row: ModelPull
    heard: str

    @property
    def tone(self) -> str:
        """The badge's."""
        return _PULL_TONES.get(self.row.state, "")

    @property
    def share(self) -> int | None:
        """How much is there, in whole per cent; None where that is not known."""
        if self.row.state == DONE:
            return 100
        if not self.row.total_bytes:
            return None
        return min(100, self.row.completed_bytes * 100 // self.row.total_bytes)

    @property
    def amount(self) -> str:
        """Bytes, of how many."""
        if not self.row.completed_bytes and not self.row.total_bytes:
            return NOTHING
        total = f" of {read_bytes(self.row.total_bytes)}" if self.row.total_bytes else ""
        return f"{read_bytes(self.row.completed_bytes)}{total}"


def view_pulls(rows: Sequence[ModelPull], now: datetime) -> list[PullView]:
    """Pulls as they are shown."""
    return [PullView(row, ago(row.updated_at, now)) for row in rows]


def is_any_running(rows: Sequence[ModelPull]) -> bool:
    """Whether there is something to watch."""
    return any(row.state == RUNNING for row in rows)


def read_bytes(size: int) -> str:
    """A size in the unit that leaves at most three digits before the point: `1.4 GB`."""
    amount, unit = float(size), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


@dataclass(frozen=True, slots=True)
class Charts:
    """What 30 days of calls and decisions look like; `note` says what is left out."""

    median: Chart
    p95: Chart
    errors: Chart
    agreement: Chart
    note: str


def draw_charts(actor: Actor) -> Charts:
    """The charts by provider."""
    seen = call_statistics(actor)
    agreed = opinion_agreement(actor, days=DAYS)
    return Charts(
        median=_line(seen, f"Median time to answer in ms a day, last {DAYS} days", lambda day: day.median_ms),
        p95=_line(seen, f"95th percentile of the time to answer in ms a day, last {DAYS} days", lambda day: day.p95_ms),
        errors=bar_chart(
            f"Errors a day, last {DAYS} days",
            [_name(day) for day in seen.days],
            _series(seen, lambda day: day.errors, absent=0),
        ),
        agreement=named_chart(
            f"How often each opinion was what was decided, in per cent, last {DAYS} days",
            [f"{row.opinion} ({row.decisions})" for row in agreed],
            [Series("Agreement, %", [round(row.agreement * 100) for row in agreed])],
            highest=100,
        ),
        note=_note(seen),
    )


def _line(seen: CallStatistics, title: str, value: Callable[[Day], float | None]) -> Chart:
    return line_chart(title, [_name(day) for day in seen.days], _series(seen, value, absent=None))


def _series(seen: CallStatistics, value: Callable[[Day], int | float | None], *, absent: int | None) -> list[Series]:
    def read(days: Mapping[date, Day]) -> list[int | float | None]:
        return [value(days[day]) if day in days else absent for day in seen.days]

    return [Series(provider, read(days)) for provider, days in list(seen.providers.items())[:MOST_SERIES]]


def _note(seen: CallStatistics) -> str:
    notes = []
    if seen.is_cut:
        notes.append(f"Drawn from the newest {MOST_CALLS:,} calls.")
    if len(seen.providers) > MOST_SERIES:
        notes.append(f"The first {MOST_SERIES} of {len(seen.providers)} providers by name.")
    return " ".join(notes)


def _name(day: date) -> str:
    return f"{day.day} {day:%b}"
