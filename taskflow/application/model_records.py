"""How well plugins' opinions have foretold what a person decided, and what their next one is worth by that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias
from uuid import UUID

from taskflow.domain.priority import LEVELS, Level, Priority
from taskflow.domain.suggestion import Signal, is_usable, pool
from taskflow.learning.model_trust import MOST_RECORDS, ModelRecord, weigh_model
from taskflow.store.models import Suggestion
from taskflow.store.models.suggestions import SuggestionState

#: Decided suggestions that are looked through; not every one of them has every plugin's opinion.
_LOOKED_THROUGH = 2 * MOST_RECORDS
#: A suggestion's signals as they are stored, the rank of what was decided, and when.
Decided: TypeAlias = tuple[list[dict[str, Any]], int, datetime]
_LEVEL_OF: dict[int, Level] = {Priority(level).rank: level for level in LEVELS}


class Record:
    """What a person decided on suggestions last, newest first; read when it is needed first, and once."""

    def __init__(self, person: UUID | None) -> None:
        self._person = person

    @cached_property
    def decided(self) -> list[Decided]:
        """Signals, decided level and time."""
        return [] if self._person is None else _read_decided(self._person)


def weigh_opinions(signals: Sequence[Signal], record: Record) -> list[Signal]:
    """The signals, those of plugins calibrated and weighed by their record with this person."""
    own = [signal for signal in signals if signal.source != "model" and is_usable(signal)]
    if not own or not any(_is_opinion(signal) for signal in signals):
        return list(signals)
    total = sum(signal.weight for signal in own)
    base = pool(own, [signal.weight / total for signal in own])
    return [_weigh(signal, base, total, record.decided) if _is_opinion(signal) else signal for signal in signals]


def _is_opinion(signal: Signal) -> bool:
    return signal.source == "model" and signal.error is None and signal.probabilities is not None


def _weigh(signal: Signal, base: Mapping[Level, float], total: float, decided: Sequence[Decided]) -> Signal:
    raw = signal.probabilities or {}
    verdict = weigh_model(raw, base, list(_records(signal, decided)), able=signal.able)
    return replace(signal, raw=raw, probabilities=verdict.probabilities, weight=verdict.weight(total))


def _read_decided(person: UUID) -> list[Decided]:
    """Signals, decided level and time of what this person decided last, newest first."""
    states = (SuggestionState.ACCEPTED, SuggestionState.OVERRIDDEN)
    found = Suggestion.objects.filter(decided_by_id=person, state__in=states, final_priority__in=_LEVEL_OF)
    rows = found.order_by("-decided_at").values_list("signals", "final_priority", "decided_at")
    return [
        (signals, rank, decided_at)
        for signals, rank, decided_at in rows[:_LOOKED_THROUGH]
        if rank is not None and decided_at is not None
    ]


def _records(signal: Signal, decided: Iterable[Decided]) -> Iterable[ModelRecord]:
    """What the same model said to the same prompt before each decision."""
    for signals, rank, decided_at in decided:
        found = next((each for each in signals if _is_same(each, signal)), None)
        base = _base_of(signals)
        if found is not None and base is not None:
            yield ModelRecord(raw=found["raw"], base=base, level=_LEVEL_OF[rank], decided_at=decided_at)


def _is_same(stored: Mapping[str, Any], signal: Signal) -> bool:
    return (
        stored.get("raw") is not None
        and stored["provider"] == signal.provider
        and stored["model"] == signal.model
        and stored.get("prompt_version", "") == signal.prompt_version
    )


def _base_of(signals: Iterable[Mapping[str, Any]]) -> dict[Level, float] | None:
    """The advice without plugins, from the built-in signals as they are stored with their shares."""
    own = [each for each in signals if each["source"] != "model" and each["probabilities"] and each["weight"] > 0]
    total = sum(each["weight"] for each in own)
    if not total:
        return None
    return {level: sum(each["weight"] * each["probabilities"][level] for each in own) / total for level in LEVELS}
