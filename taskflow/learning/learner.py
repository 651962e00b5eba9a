"""The learned signal as the application asks for it, with the last models kept."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from threading import Lock
from time import perf_counter

from taskflow.domain.facts import TaskFacts
from taskflow.domain.suggestion import Signal
from taskflow.learning.examples import Example, newest_decisions
from taskflow.learning.model import Model, fit

#: Models that one process keeps: about 10 MB each at 500 decisions.
MODELS_KEPT = 2


class Learner:
    """Answers from decisions, keeping the models of the last askers. Safe to share between threads."""

    def __init__(self) -> None:
        self._models: OrderedDict[tuple[Example, ...], Model] = OrderedDict()
        self._lock = Lock()

    def signal(self, facts: TaskFacts, examples: Iterable[Example], *, now: datetime, timezone: str) -> Signal:
        """The learned opinion of a task at `now` (aware); without decisions a signal that says so and has no probabilities."""
        began = perf_counter()
        kept = newest_decisions(examples)
        if not kept:
            return Signal(source="learned", error="no decisions to learn from yet")
        model = self._model(kept, timezone)
        signal = model.predict(facts, now)
        return Signal(
            source="learned",
            model=signal.model,
            probabilities=signal.probabilities,
            reasons=signal.reasons,
            weight=signal.weight,
            latency_ms=(perf_counter() - began) * 1000,
        )

    def _model(self, examples: tuple[Example, ...], timezone: str) -> Model:
        """The kept model of exactly these decisions, or a new one, warmed up by the kept one that shares its beginning."""
        with self._lock:
            known = self._models.get(examples)
            if known is not None and known.timezone == timezone:
                self._models.move_to_end(examples)
                return known
            earlier = next(
                (model for model in reversed(self._models.values()) if model.examples[0] == examples[0]), None
            )
        model = fit(examples, timezone=timezone, earlier=earlier)
        with self._lock:
            self._models[examples] = model
            while len(self._models) > MODELS_KEPT:
                self._models.popitem(last=False)
        return model


def learned_signal(facts: TaskFacts, examples: Iterable[Example], *, now: datetime, timezone: str) -> Signal:
    """The learned opinion of a task at `now` (aware) from `examples`, fitted afresh; a `Learner` remembers its fits."""
    return Learner().signal(facts, examples, now=now, timezone=timezone)
