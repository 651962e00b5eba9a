"""The learned signal as the application asks for it, with the last models kept."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from threading import Lock
from time import perf_counter

from taskflow.domain.facts import TaskFacts
from taskflow.domain.suggestion import Signal
from taskflow.learning.examples import Example, newest_decisions
from taskflow.learning.model import Model, fit

#: Models that one process keeps: about 8 MB each at 500 decisions, much less at a hundred.
MODELS_KEPT = 2

Key = tuple[str, frozenset[Example]]


class Learner:
    """Answers from decisions, keeping the models of the last askers. Safe to share between threads."""

    def __init__(self) -> None:
        self._models: OrderedDict[Key, Model] = OrderedDict()
        self._lock = Lock()

    def signal(self, facts: TaskFacts, examples: Iterable[Example], *, now: datetime, timezone: str) -> Signal:
        """The learned opinion of a task at `now` (aware), for a person in the IANA zone `timezone`.

        Without decisions it is a signal that says so in `error` and has no probabilities.
        """
        began = perf_counter()
        kept = newest_decisions(examples)
        if not kept:
            return Signal(source="learned", error="no decisions to learn from yet")
        signal = self._model(kept, timezone).predict(facts, now)
        return replace(signal, latency_ms=(perf_counter() - began) * 1000)

    def kept(self) -> tuple[Model, ...]:
        """The models that are kept, the one used last at the end."""
        with self._lock:
            return tuple(self._models.values())

    def _model(self, examples: tuple[Example, ...], timezone: str) -> Model:
        """The kept model of exactly these decisions, or a new one, warmed up by the kept one that shares the most."""
        key = (timezone, frozenset(examples))
        with self._lock:
            if key in self._models:
                self._models.move_to_end(key)
                return self._models[key]
            candidates = [
                (len(known & key[1]), model) for (zone, known), model in self._models.items() if zone == timezone
            ]
        shared, earlier = max(candidates, key=lambda pair: pair[0], default=(0, None))
        model = fit(examples, timezone=timezone, earlier=earlier if shared else None)
        with self._lock:
            self._models[key] = model
            while len(self._models) > MODELS_KEPT:
                self._models.popitem(last=False)
        return model


def learned_signal(facts: TaskFacts, examples: Iterable[Example], *, now: datetime, timezone: str) -> Signal:
    """The learned opinion of a task at `now` (aware) from `examples`, fitted afresh; a `Learner` remembers its fits."""
    return Learner().signal(facts, examples, now=now, timezone=timezone)
