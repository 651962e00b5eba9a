"""How far the learned probabilities are to be trusted: their temperature and their share against the rules.

Both are measured on predictions of decisions that the model had not seen (out of fold), pulled towards defaults that
hold while there are few of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskflow.learning.logistic import softmax

Array = NDArray[np.float64]

#: The defaults and how many decisions' worth of evidence they carry.
DEFAULT_TEMPERATURE = 1.0
DEFAULT_SHARE = 0.9
PRIOR_DECISIONS = 30.0
TEMPERATURES = np.geomspace(0.5, 2.0, 17)
MAX_SHARE = 0.97
ITERATIONS = 20


@dataclass(frozen=True, slots=True)
class Trust:
    """`temperature` divides the logits (above 1: less certain); `share` is the learned signal's part when pooled with
    the rules."""

    temperature: float = DEFAULT_TEMPERATURE
    share: float = DEFAULT_SHARE

    @property
    def weight(self) -> float:
        """The share as a weight beside the rules' 1.0."""
        return self.share / (1 - self.share)


def measure_trust(logits: Array, rules: Array, chosen: NDArray[np.intp]) -> Trust:
    """The trust that explains the `chosen` levels (n) best, given unseen `logits` (n, 4) and the rules' probabilities
    (n, 4)."""
    if not len(chosen):
        return Trust()
    temperature = measure_temperature(logits, chosen)
    rows = np.arange(len(chosen))
    learned = softmax(logits / temperature)[rows, chosen]
    return Trust(temperature, measure_share(learned, rules[rows, chosen]))


def measure_temperature(logits: Array, chosen: NDArray[np.intp]) -> float:
    """The temperature of least log-loss, with a penalty on its distance from the default."""
    rows = np.arange(len(chosen))

    def cost(temperature: float) -> float:
        likelihood = np.log(np.maximum(softmax(logits / temperature)[rows, chosen], 1e-9)).sum()
        return float(PRIOR_DECISIONS * np.log(temperature / DEFAULT_TEMPERATURE) ** 2 - likelihood)

    return float(min(TEMPERATURES, key=cost))


def measure_share(learned: Array, rules: Array) -> float:
    """The mixing weight of greatest likelihood by expectation-maximisation, under a Beta prior around the default."""
    share = DEFAULT_SHARE
    for _ in range(ITERATIONS):
        from_learned = share * learned / np.maximum(share * learned + (1 - share) * rules, 1e-12)
        share = float((from_learned.sum() + PRIOR_DECISIONS * DEFAULT_SHARE) / (len(learned) + PRIOR_DECISIONS))
    return min(share, MAX_SHARE)
