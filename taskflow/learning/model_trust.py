"""How far a model's opinion is believed, by how well it has foretold this person's decisions.

Several readings of the model compete with the advice that does without it. A reading calibrates what the model says by
a logistic on log-probabilities,

    log P(level) = pull · log base + (1 - pull) · log usual + slope · (log raw - leaning) + constant

where `base` is the advice without the model, `usual` the average of it, and `leaning` what the model says on average,
whatever it is asked. With pull 1 the model moves the advice, with pull 0 it speaks for itself; a small slope flattens.
One that is not known to be able starts with pull 1 and slope 0 in every reading, and gets further as decisions come.

Every reading and the base itself start with a prior weight, and each decision multiplies the weight by the probability
that it gave to what was decided; a little always flows back to the prior, so that what has changed is noticed (fixed
share, Herbster and Warmuth 1998). The pool of all with these weights is linear: the model's share of the decision is
the weight of all its readings together. Nothing is fitted, so nothing can be overfitted, and no model can hurt by more
than `most_harm`, whatever it says and however often: a theorem, not a measurement.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from taskflow.domain.priority import LEVELS, Level
from taskflow.learning.logistic import Array, softmax

#: Older decisions than the newest so many say nothing about the model of today.
MOST_RECORDS = 200
#: The share of a model that has not shown anything yet. An able one weighs 0.5 beside the rules' 1.0.
PRIOR_SHARE, ABLE_SHARE = 0.1, 1 / 3
#: How much of all weight flows back to the prior with each decision.
FLOW = 0.005
#: Answers' worth of evidence that a model leans nowhere. Small models lean far: the first answer tells more of that
#: than of the task, and is taken down accordingly.
PRIOR_ANSWERS, ABLE_ANSWERS = 0.5, 20.0
#: A model that is not known to be able has half its effect after so many decisions, and none before the first: until
#: then nobody knows what it leans to.
HALF_HEARD = 10.0
#: Decisions' worth of evidence that the levels are equally usual.
EVEN_DECISIONS = 4.0
#: The least probability that anybody is taken to have given a level.
LEAST = 1e-4

#: The readings: how much of the base each keeps, and how much it makes of the model's words.
PULLS = np.repeat([1.0, 0.5, 0.0], 6)
SLOPES = np.tile([0.1, 0.2, 0.4, 0.7, 1.0, 2.0], 3)
#: Where the prior share goes: what is not known to be able is heard as a nudge, what is able speaks for itself.
NUDGING = np.where(PULLS == 1.0, [0.4, 0.33, 0.15, 0.06, 0.03, 0.01] * 3, 0.02 / 12)
SPEAKING = np.where((PULLS == 0.0) & (SLOPES == 1.0), 0.7, 0.3 / 17)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """A decided task that the model was asked about before: its own probabilities `raw` and those of the advice
    without it, `base`, both as they were then, and the `level` that the person decided at `decided_at` (aware)."""

    raw: Mapping[Level, float]
    base: Mapping[Level, float]
    level: Level
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVerdict:
    """What a model's answer is worth: its calibrated `probabilities` and their `share` of the decision
    (above 0, below 1), resting on so many `decisions`."""

    probabilities: dict[Level, float]
    share: float
    decisions: int

    def weight(self, others: float) -> float:
        """The share as a weight beside signals that weigh `others` together."""
        return others * self.share / (1 - self.share)


def weigh_model(
    raw: Mapping[Level, float], base: Mapping[Level, float], record: Sequence[ModelRecord], *, able: bool
) -> ModelVerdict:
    """What the model's answer `raw` about a task is worth beside `base`, the advice on that task without it.

    `record` holds earlier answers of the same model to the same prompt, in any order; `able` says that the provider
    is known to be good at such questions. Never raises for what probabilities hold: what is none counts as `LEAST`.
    """
    kept = sorted(record, key=lambda found: found.decided_at)[-MOST_RECORDS:]
    answers = read_rows([*(found.raw for found in kept), raw])
    advice = read_rows([*(found.base for found in kept), base])
    readings = read_answers(answers, advice, able=able)
    chosen = np.array([LEVELS.index(found.level) for found in kept], dtype=np.intp)
    weights = weigh(readings, advice, chosen, prior_weights(able=able))
    calibrated = weights[1:] @ readings[-1] / weights[1:].sum()
    return ModelVerdict(
        probabilities={level: float(value) for level, value in zip(LEVELS, calibrated, strict=True)},
        share=float(weights[1:].sum()),
        decisions=len(kept),
    )


def most_harm(decisions: int, *, able: bool) -> float:
    """The most log-loss (nats, summed over so many decisions, at most `MOST_RECORDS`, each recorded and foretold from
    the record of those before it) that a model can add to the advice without it."""
    prior = ABLE_SHARE if able else PRIOR_SHARE
    return -math.log(1 - prior) - decisions * math.log(1 - FLOW * prior)


def read_rows(found: Sequence[Mapping[Level, float]]) -> Array:
    """Probabilities (n, 4), each at least about `LEAST`; anything that is no probability counts as that."""
    rows = np.array([[probabilities.get(level, 0.0) for level in LEVELS] for probabilities in found], dtype=np.float64)
    floored = np.where(np.isfinite(rows), np.clip(rows, LEAST, 1.0), LEAST)
    return np.asarray(floored / floored.sum(axis=1, keepdims=True), dtype=np.float64)


def read_answers(answers: Array, advice: Array, *, able: bool) -> Array:
    """What each reading makes of each answer (n, readings, 4), from what was known then: the answers so far and the
    advice before it."""
    words = np.log(answers)
    words -= words.mean(axis=1, keepdims=True)
    before = np.arange(len(words), dtype=np.float64)[:, None]
    leaning = np.cumsum(words, axis=0) / (before + 1 + (ABLE_ANSWERS if able else PRIOR_ANSWERS))
    usual = (np.cumsum(advice, axis=0) - advice + EVEN_DECISIONS / len(LEVELS)) / (before + EVEN_DECISIONS)
    heard = np.ones_like(before) if able else before**2 / (before**2 + HALF_HEARD**2)
    kept = (1 - heard * (1 - PULLS))[:, :, None]
    slope = (heard * SLOPES)[:, :, None]
    logits = kept * np.log(advice)[:, None] + (1 - kept) * np.log(usual)[:, None] + slope * (words - leaning)[:, None]
    return softmax(logits)


def prior_weights(*, able: bool) -> Array:
    """The weights (1 + readings) of the base and of each reading before anything was decided."""
    share, readings = (ABLE_SHARE, SPEAKING) if able else (PRIOR_SHARE, NUDGING)
    return np.concatenate([[1 - share], share * readings / readings.sum()])


def weigh(readings: Array, advice: Array, chosen: NDArray[np.intp], prior: Array) -> Array:
    """The weights after the decisions `chosen` (n), of which `readings` and `advice` hold the first n rows."""
    rows = np.arange(len(chosen))
    given = np.column_stack([advice[rows, chosen], readings[rows, :, chosen]])
    weights = prior
    for probabilities in given:
        weights = weights * probabilities
        weights = (1 - FLOW) * weights / weights.sum() + FLOW * prior
    return weights
