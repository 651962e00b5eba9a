"""The learned model of one person: fitted on decisions, updated by each new one, asked about a task.

A kernel logistic regression (`logistic.py`) whose prior mean is the rules' answer: without decisions it repeats the
rules, and each decision bends it away from them where tasks are alike (`kernel.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.rules import score_task
from taskflow.domain.suggestion import Signal
from taskflow.learning.evidence import decision_reasons
from taskflow.learning.examples import Example, newest_decisions
from taskflow.learning.features import encode
from taskflow.learning.kernel import Block, Scales, compare, join, likeness, stack
from taskflow.learning.logistic import Array, Problem, fit_dual, softmax
from taskflow.learning.trust import Trust, measure_trust

MODEL_NAME = "kernel-logistic-1"
#: Half of a decision's weight is gone after so many days; never more than to `OLDEST_WEIGHT`.
HALF_LIFE_DAYS = 240.0
OLDEST_WEIGHT = 0.25
FOLDS = 5
#: How far a level's rarity among the decisions speaks for it: 0 not at all, 1 counts how much its probability has
#: grown over the usual one alone. Most lists have a level that is set by default; it is the most probable one of
#: nearly every task there, and advising it says nothing (logit adjustment, Menon et al. 2021). Where all levels are
#: equally usual it makes no difference.
TELLING = 0.5
#: Decisions' worth of evidence that all levels are equally usual.
EVEN_DECISIONS = 40.0
#: Growth after which all decisions are left out anew (100 ms at 500); until then the model before judges a new one.
MEASURED_ANEW = 1.25
#: How the levels' prior variance splits: a common slope along their order, a bend (middle against ends), and each
#: level alone.
SLOPE, BEND, ALONE = 3.0, 0.5, 0.5


def level_covariance() -> Array:
    """The prior covariance of the levels' logits (4 x 4): the nearer two levels, the more they rise and fall
    together."""
    slope = np.array([-3.0, -1.0, 1.0, 3.0]) / np.sqrt(20.0)
    bend = np.array([1.0, -1.0, -1.0, 1.0]) / 2.0
    return np.asarray(SLOPE * np.outer(slope, slope) + BEND * np.outer(bend, bend) + ALONE * np.eye(4))


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A fitted model. Immutable: `update` returns a new one. Pickles."""

    examples: tuple[Example, ...]
    timezone: str
    scales: Scales
    block: Block
    kernel: Array
    #: The fit's coefficients (n, 4).
    dual: Array
    #: Each example's logits (n, 4) from a model that had not seen it, and how many there were when last measured.
    unseen: Array
    measured: int
    trust: Trust

    def update(self, example: Example) -> "Model":
        """The model with one more decision, a warm start away."""
        return fit((*self.examples, example), timezone=self.timezone, scales=self.scales, earlier=self)

    def predict(self, facts: TaskFacts, now: datetime) -> Signal:
        """The learned opinion of a task at `now` (aware)."""
        began = perf_counter()
        asked = stack([encode(facts, now, self.timezone)], [True])
        learned = compare(asked, self.block, self.scales) @ self.dual @ level_covariance()
        probabilities = softmax((asked.prior + learned)[0] / self.trust.temperature)
        standing_out = probabilities / usual_levels(self.examples) ** TELLING
        given = dict(zip(LEVELS, (standing_out / standing_out.sum()).tolist(), strict=True))
        level = max(LEVELS, key=lambda each: (given[each], LEVELS.index(each)))
        decided = decision_reasons(facts, level, self.examples, likeness(asked, self.block).tolist())
        factors = score_task(facts, now=now, timezone=self.timezone).factors
        return Signal(
            source="learned",
            model=MODEL_NAME,
            probabilities=given,
            reasons=(*decided, *factors),
            weight=self.trust.weight,
            latency_ms=(perf_counter() - began) * 1000,
        )


def fit(
    examples: Iterable[Example], *, timezone: str, scales: Scales | None = None, earlier: Model | None = None
) -> Model:
    """The model of `examples` (at least one), for a person in the IANA zone `timezone`.

    `earlier` is a model of some of the same decisions: what it holds of them is taken over, the result is the same.
    """
    kept = newest_decisions(examples)
    if not kept:
        raise ValueError("no decisions to learn from")
    if earlier is not None and (earlier.timezone != timezone or (scales or Scales()) != earlier.scales):
        earlier = None
    scales = scales or Scales()
    if earlier is None:
        block = encode_block(kept, timezone)
        kernel, start = compare(block, block, scales), None
    else:
        kept, rows = carry_over(earlier, kept)
        block, kernel = extend(earlier, rows, kept[len(rows) :])
        start = np.concatenate([earlier.dual[rows], np.zeros((len(kept) - len(rows), len(LEVELS)))])
    chosen = np.array([LEVELS.index(example.level) for example in kept], dtype=np.intp)
    decided = np.array([not example.refused for example in kept])
    problem = Problem(kernel, targets(chosen, decided), recency(kept), block.prior, level_covariance())
    dual = fit_dual(problem, start)
    if earlier is None or start is None or len(kept) > MEASURED_ANEW * earlier.measured:
        unseen, measured = leave_out(problem, dual), len(kept)
    else:
        foreseen = problem.offset + problem.spread(start)
        unseen, measured = np.concatenate([earlier.unseen[rows], foreseen[len(rows) :]]), earlier.measured
    trust = measure_trust(unseen[decided], softmax(block.prior)[decided], chosen[decided])
    return Model(kept, timezone, scales, block, kernel, dual, unseen, measured, trust)


def usual_levels(examples: Sequence[Example]) -> Array:
    """How often each level is decided (4): the shares among the decisions, pulled towards equal ones."""
    decided = [example.level for example in examples if not example.refused]
    counts = np.array([decided.count(level) for level in LEVELS], dtype=np.float64)
    return np.asarray((counts + EVEN_DECISIONS / len(LEVELS)) / (len(decided) + EVEN_DECISIONS))


def targets(chosen: NDArray[np.intp], decided: NDArray[np.bool_]) -> Array:
    """What each example teaches (n, 4): the level that was decided, or any but the one that was refused."""
    exact = np.eye(len(LEVELS))[chosen]
    return np.where(decided[:, None], exact, (1 - exact) / (len(LEVELS) - 1))


def encode_block(examples: Sequence[Example], timezone: str) -> Block:
    """The encodings of at least one decided task, each at the moment of its decision."""
    encodings = [encode(example.facts, example.decided_at, timezone) for example in examples]
    return stack(encodings, [example.mine for example in examples])


def carry_over(earlier: Model, examples: Sequence[Example]) -> tuple[tuple[Example, ...], NDArray[np.intp]]:
    """The examples with those that `earlier` knows first, and the known ones' rows there."""
    row_of = {example: row for row, example in enumerate(earlier.examples)}
    known = [example for example in examples if example in row_of]
    added = [example for example in examples if example not in row_of]
    return (*known, *added), np.array([row_of[example] for example in known], dtype=np.intp)


def extend(earlier: Model, rows: NDArray[np.intp], added: Sequence[Example]) -> tuple[Block, Array]:
    """Block and kernel of the earlier model's `rows` followed by the `added` examples; only what is new is computed."""
    kept = earlier.kernel[np.ix_(rows, rows)]
    if not added:
        return join(earlier.block, rows, None), kept
    fresh = encode_block(added, earlier.timezone)
    block = join(earlier.block, rows, fresh)
    border = compare(fresh, block, earlier.scales)
    size = len(rows)
    kernel = np.empty((size + len(added), size + len(added)))
    kernel[:size, :size] = kept
    kernel[size:, :] = border
    kernel[:size, size:] = border[:, :size].T
    return block, kernel


def recency(examples: Sequence[Example]) -> Array:
    """The weight of each decision by its age against the newest."""
    newest = max(example.decided_at for example in examples)
    days = np.array([(newest - example.decided_at).total_seconds() / 86_400 for example in examples])
    return np.asarray(np.maximum(0.5 ** (days / HALF_LIFE_DAYS), OLDEST_WEIGHT))


def leave_out(problem: Problem, dual: Array) -> Array:
    """Each example's logits (n, 4) from a fit without its fold; a fold's examples weigh nothing while it is left
    out."""
    count = len(dual)
    logits = problem.offset.copy()
    for fold in range(min(FOLDS, count)):
        held = np.arange(count) % FOLDS == fold
        weights = np.where(held, 0.0, problem.weights)
        start = np.where(held[:, None], 0.0, dual)
        part = Problem(problem.kernel, problem.targets, weights, problem.offset, problem.class_covariance)
        learned = part.spread(fit_dual(part, start, tolerance=1e-2))
        logits[held] += learned[held]
    return logits
