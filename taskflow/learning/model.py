"""The learned model of one person: fitted on decisions, updated by each new one, asked about a task.

A kernel logistic regression (`logistic.py`) whose prior mean is the rules' answer: with no decisions it repeats the rules, and each
decision bends it away from them where tasks are alike (`kernel.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.suggestion import Signal
from taskflow.learning.evidence import decision_reasons
from taskflow.learning.examples import Example, newest_decisions
from taskflow.learning.features import encode
from taskflow.learning.kernel import Block, Scales, compare, stack
from taskflow.learning.logistic import Array, Problem, fit_dual, softmax
from taskflow.learning.trust import Trust, measure_trust

#: Half of a decision's weight is gone after so many days; never more than to `OLDEST_WEIGHT`.
HALF_LIFE_DAYS = 240.0
OLDEST_WEIGHT = 0.25
FOLDS = 5
#: How the four levels' prior variance splits: a common slope along the order, a bend (middle against ends), and the level alone.
SLOPE, BEND, ALONE = 1.0, 0.4, 0.6
#: How much the rules' log-probabilities count as the prior mean.
PRIOR_GAIN = 1.0


def level_covariance() -> Array:
    """The prior covariance of the levels' logits (4 x 4): the nearer two levels, the more they rise and fall together."""
    slope = np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(5.0)
    bend = np.array([1.0, -1.0, -1.0, 1.0]) / 2.0
    return np.asarray(SLOPE * np.outer(slope, slope) + BEND * np.outer(bend, bend) + ALONE * np.eye(4) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted model. Immutable: `update` returns a new one."""

    examples: tuple[Example, ...]
    timezone: str
    scales: Scales
    block: Block
    kernel: Array
    prior: Array
    dual: Array
    #: Logits for each example from a fit that had not seen it.
    unseen: Array
    trust: Trust

    def update(self, example: Example) -> "Model":
        """The model with one more decision, a warm start away."""
        return fit((*self.examples, example), timezone=self.timezone, scales=self.scales, earlier=self)

    def logits(self, facts: TaskFacts, now: datetime) -> tuple[Array, Array]:
        """The task's logits (4) before the temperature, and its similarity (n) to each example."""
        encoding = encode(facts, now, self.timezone)
        asked = stack([encoding], [True])
        row = compare(asked, self.block, self.scales)
        learned = row @ self.dual @ level_covariance()
        return PRIOR_GAIN * encoding.prior + learned[0], likeness(asked, self.block)

    def predict(self, facts: TaskFacts, now: datetime) -> Signal:
        """The learned opinion of a task at `now` (aware)."""
        began = perf_counter()
        logits, similarity = self.logits(facts, now)
        probabilities = softmax(logits / self.trust.temperature)
        level = LEVELS[int(probabilities.argmax())]
        return Signal(
            source="learned",
            model=f"{len(self.examples)} decisions",
            probabilities={name: float(value) for name, value in zip(LEVELS, probabilities, strict=True)},
            reasons=decision_reasons(facts, level, self.examples, similarity.tolist()),
            weight=self.trust.weight,
            latency_ms=(perf_counter() - began) * 1000,
        )


def fit(
    examples: Iterable[Example], *, timezone: str, scales: Scales | None = None, earlier: Model | None = None
) -> Model:
    """The model of `examples` (at least one), for a person in the IANA zone `timezone`; `earlier` warms the fit up."""
    kept = newest_decisions(examples)
    if not kept:
        raise ValueError("no decisions to learn from")
    scales = scales or Scales()
    encodings = [encode(example.facts, example.decided_at, timezone) for example in kept]
    block = stack(encodings, [example.mine for example in kept])
    kernel = compare(block, block, scales)
    prior = PRIOR_GAIN * np.stack([encoding.prior for encoding in encodings])
    chosen = np.array([LEVELS.index(example.level) for example in kept])
    problem = Problem(kernel, np.eye(4)[chosen], recency(kept), prior, level_covariance())
    dual = fit_dual(problem, carry(earlier, kept))
    unseen = unseen_logits(problem, dual)
    rules = softmax(prior / PRIOR_GAIN)
    return Model(kept, timezone, scales, block, kernel, prior, dual, unseen, measure_trust(unseen, rules, chosen))


def recency(examples: Sequence[Example]) -> Array:
    """The weight of each decision by its age against the newest."""
    newest = max(example.decided_at for example in examples)
    days = np.array([(newest - example.decided_at).total_seconds() / 86_400 for example in examples])
    return np.asarray(np.maximum(0.5 ** (days / HALF_LIFE_DAYS), OLDEST_WEIGHT))


def carry(earlier: Model | None, examples: Sequence[Example]) -> Array | None:
    """The earlier model's coefficients in the order of `examples`, zero for new ones."""
    if earlier is None:
        return None
    known = {id(example): row for example, row in zip(earlier.examples, earlier.dual, strict=True)}
    return np.stack([known.get(id(example), np.zeros(4)) for example in examples])


def unseen_logits(problem: Problem, dual: Array) -> Array:
    """Each example's logits from a fit without its fold; a fold's examples weigh nothing while it is left out."""
    count = len(dual)
    logits = problem.offset.copy()
    for fold in range(min(FOLDS, count)):
        held = np.arange(count) % FOLDS == fold
        weights = np.where(held, 0.0, problem.weights)
        start = np.where(held[:, None], 0.0, dual)
        part = Problem(problem.kernel, problem.targets, weights, problem.offset, problem.class_covariance)
        learned = part.spread(fit_dual(part, start, tolerance=1e-2))
        logits[held] = problem.offset[held] + learned[held]
    return logits


def likeness(asked: Block, known: Block) -> NDArray[np.float64]:
    """How alike the asked task (one row) is to each known one, 0 to 1, by what they say and where they belong."""
    text = (asked.text @ known.text.T)[0].astype(np.float64)
    topics = (asked.topics @ known.topics.T)[0].astype(np.float64)
    context = (asked.context @ known.context.T)[0].astype(np.float64)
    return np.asarray(np.clip(0.6 * text + 0.2 * topics + 0.2 * context, 0.0, 1.0))
