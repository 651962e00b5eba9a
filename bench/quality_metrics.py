"""Measures of ordered predictions over the four levels, with bootstrap intervals. Levels are 0 (low) to 3 (urgent)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.intp]
Probabilities = NDArray[np.float64]

LEVEL_COUNT = 4
ECE_BINS = 10
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered to n tasks: the `probabilities` (n, 4) of the levels, and the `proposed` one (n)."""

    probabilities: Probabilities
    proposed: Levels

    def take(self, rows: Levels) -> "Answers":
        """The answers in these rows."""
        return Answers(self.probabilities[rows], self.proposed[rows])


def join_answers(parts: Sequence[Answers]) -> Answers:
    """The answers of all parts, one after the other."""
    return Answers(
        np.concatenate([part.probabilities for part in parts]), np.concatenate([part.proposed for part in parts])
    )


def most_probable(probabilities: Probabilities) -> Answers:
    """The answers that propose the most probable level."""
    return Answers(probabilities, probabilities.argmax(axis=1))


def accuracy(truth: Levels, answers: Answers) -> float:
    """The share of exact hits."""
    return float((answers.proposed == truth).mean())


def macro_f1(truth: Levels, answers: Answers) -> float:
    """The unweighted mean of the F1 of the levels that occur in truth or prediction."""
    guess = answers.proposed
    scores = []
    for level in range(LEVEL_COUNT):
        hits = ((guess == level) & (truth == level)).sum()
        named = (guess == level).sum() + (truth == level).sum()
        if named:
            scores.append(2 * hits / named)
    return float(np.mean(scores))


def weighted_kappa(truth: Levels, answers: Answers) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968); 0 when one side is constant."""
    seen = np.zeros((LEVEL_COUNT, LEVEL_COUNT))
    np.add.at(seen, (truth, answers.proposed), 1)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / len(truth)
    steps = np.arange(LEVEL_COUNT)
    cost = (steps[:, None] - steps[None, :]) ** 2
    chance = float((cost * expected).sum())
    return 1 - float((cost * seen).sum()) / chance if chance else 0.0


def mean_absolute_error(truth: Levels, answers: Answers) -> float:
    """How many levels the proposal is off, on average."""
    return float(np.abs(answers.proposed - truth).mean())


def log_loss(truth: Levels, answers: Answers) -> float:
    """The mean negative log-probability of the truth, in nats."""
    return float(-np.log(np.maximum(answers.probabilities[np.arange(len(truth)), truth], 1e-6)).mean())


def calibration_error(truth: Levels, answers: Answers) -> float:
    """The expected calibration error of the proposed level's probability: ten equal-width bins, gap weighted by the
    bin's share (Guo et al. 2017)."""
    confidence = answers.probabilities[np.arange(len(truth)), answers.proposed]
    hit = answers.proposed == truth
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs(hit[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


MEASURES: dict[str, Callable[[Levels, Answers], float]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "qwk": weighted_kappa,
    "mae": mean_absolute_error,
    "log_loss": log_loss,
    "ece": calibration_error,
}


def summarise(
    truth: Levels, answers: Answers, resamples: int = RESAMPLES, seed: int = 1
) -> dict[str, tuple[float, float, float]]:
    """Each measure as (value, 2.5 % and 97.5 % bootstrap quantiles over test tasks)."""
    draws = np.random.default_rng(seed).integers(0, len(truth), (resamples, len(truth)))
    summary = {}
    for name, measure in MEASURES.items():
        values = [measure(truth[draw], answers.take(draw)) for draw in draws]
        low, high = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
        summary[name] = (measure(truth, answers), float(low), float(high))
    return summary
