"""What a model's answers come to count for: simulated people, whose advice without the model is a decent one."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.suggestion import CONTRIBUTING_SHARE
from taskflow.learning.logistic import softmax
from taskflow.learning.model_trust import (
    ABLE_SHARE,
    MOST_RECORDS,
    PRIOR_SHARE,
    ModelRecord,
    ModelVerdict,
    most_harm,
    weigh_model,
)

Rows = NDArray[np.float64]
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVEN: dict[Level, float] = dict.fromkeys(LEVELS, 0.25)
SEEDS = range(8)


def as_levels(values: Rows) -> dict[Level, float]:
    return {level: float(value) for level, value in zip(LEVELS, values, strict=True)}


class Person:
    """Decisions drawn from what the advice without a model knows (`known`) and what it does not (`hidden`)."""

    def __init__(self, seed: int, decisions: int = 91) -> None:
        self.random = np.random.default_rng(seed)
        self.known = self.random.normal(size=(decisions, 4)) * 1.5
        self.hidden = self.random.normal(size=(decisions, 4)) * 1.2
        truth = softmax(self.known + self.hidden)
        self.chosen = np.array([self.random.choice(4, p=row) for row in truth])
        self.base = softmax(0.9 * self.known)

    def random_answers(self) -> Rows:
        return np.asarray(self.random.dirichlet([0.5] * 4, len(self.base)))

    def perfect_answers(self) -> Rows:
        return np.asarray(0.92 * np.eye(4)[self.chosen] + 0.02)

    def record(self, answers: Rows, decisions: int) -> list[ModelRecord]:
        return [
            ModelRecord(
                raw=as_levels(answers[row]),
                base=as_levels(self.base[row]),
                level=LEVELS[self.chosen[row]],
                decided_at=NOW + timedelta(hours=row),
            )
            for row in range(decisions)
        ]

    def verdict(self, answers: Rows, decisions: int, *, able: bool = False) -> ModelVerdict:
        """Of the answer that follows so many decisions."""
        record = self.record(answers, decisions)
        return weigh_model(as_levels(answers[decisions]), as_levels(self.base[decisions]), record, able=able)

    def costs(self, answers: Rows, *, able: bool = False) -> Rows:
        """The log-loss that the model adds to each decision, everything decided before being known."""
        return np.array([self.cost(answers, row, able=able) for row in range(len(self.chosen))])

    def cost(self, answers: Rows, row: int, *, able: bool) -> float:
        verdict = self.verdict(answers, row, able=able)
        without = self.base[row, self.chosen[row]]
        pooled = verdict.share * verdict.probabilities[LEVELS[self.chosen[row]]] + (1 - verdict.share) * without
        return math.log(without / pooled)


def spread(answer: Mapping[Level, float]) -> float:
    return max(answer.values()) - min(answer.values())


def test_without_decisions_the_prior_share_holds_and_counts() -> None:
    raw: dict[Level, float] = {"low": 0.9, "medium": 0.05, "high": 0.03, "urgent": 0.02}

    unknown = weigh_model(raw, EVEN, [], able=False)
    able = weigh_model(raw, EVEN, [], able=True)

    assert unknown.share == pytest.approx(PRIOR_SHARE)
    assert able.share == pytest.approx(ABLE_SHARE)
    assert unknown.share > CONTRIBUTING_SHARE
    assert able.weight(1.0) == pytest.approx(0.5)
    assert unknown.decisions == able.decisions == 0


def test_a_model_that_is_not_known_to_be_able_moves_nothing_at_first_and_little_after_few_decisions() -> None:
    raw: dict[Level, float] = {"low": 0.97, "medium": 0.01, "high": 0.01, "urgent": 0.01}
    base: dict[Level, float] = {"low": 0.1, "medium": 0.2, "high": 0.3, "urgent": 0.4}
    few = [ModelRecord(raw=EVEN, base=base, level=level, decided_at=NOW) for level in LEVELS]

    first = weigh_model(raw, base, [], able=False).probabilities
    then = weigh_model(raw, base, few, able=False).probabilities
    able = weigh_model(raw, base, [], able=True).probabilities

    assert first == pytest.approx(base)
    assert base["low"] < then["low"] < 0.3
    assert 0.6 < spread(able) < spread(raw)


def test_few_decisions_move_the_share_little_and_many_a_lot() -> None:
    people = [Person(seed) for seed in SEEDS]
    shares = [
        np.mean([person.verdict(person.perfect_answers(), decisions).share for person in people])
        for decisions in (1, 3, 20, 40)
    ]

    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(PRIOR_SHARE, rel=0.1)
    assert shares[1] < 2 * PRIOR_SHARE
    assert shares[2] > 0.8
    assert shares[3] > 0.95


def test_a_random_model_is_driven_to_no_share() -> None:
    shares = [Person(seed).verdict(Person(seed + 100).random_answers(), 90).share for seed in SEEDS]

    assert np.median(shares) < CONTRIBUTING_SHARE
    assert np.mean(shares) < PRIOR_SHARE


def test_a_model_that_says_the_opposite_is_driven_to_no_share() -> None:
    for seed in SEEDS:
        person = Person(seed)
        assert person.verdict(softmax(-person.known - person.hidden), 60, able=True).share < 0.01


def test_a_good_model_is_freed_of_its_leaning_and_of_its_overconfidence() -> None:
    for seed in SEEDS:
        person = Person(seed)
        truth = person.known + person.hidden
        skewed = softmax(3 * truth + np.array([0.0, 6.0, 0.0, -5.0]))
        verdicts = [person.verdict(skewed, row) for row in range(50, 91)]
        rows = np.arange(50, 91)
        calibrated = np.array([[verdict.probabilities[level] for level in LEVELS] for verdict in verdicts])
        said = -np.log(np.maximum(skewed[rows, person.chosen[rows]], 1e-4)).mean()
        heard = -np.log(calibrated[rows - 50, person.chosen[rows]]).mean()

        assert heard < 0.75 * said
        assert np.abs(calibrated.mean(axis=0) - softmax(truth).mean(axis=0)).max() < 0.12


def test_what_a_model_knows_beyond_the_advice_makes_the_pool_better() -> None:
    costs = [person.costs(softmax(person.hidden))[40:].mean() for person in map(Person, SEEDS)]

    assert np.mean(costs) < -0.05
    assert max(costs) < 0.005


@pytest.mark.parametrize("able", [False, True])
def test_no_model_adds_more_loss_than_is_promised(able: bool) -> None:
    for seed in SEEDS:
        person = Person(seed, 80)
        truth = np.eye(4)[person.chosen]
        turncoat = np.where(np.arange(80)[:, None] < 40, 0.96 * truth + 0.01, 0.96 * np.roll(truth, 1, axis=1) + 0.01)
        for answers in (person.random_answers(), 0.99 * np.roll(truth, 2, axis=1), turncoat[::-1]):
            assert person.costs(answers, able=able).sum() <= most_harm(80, able=able)


def test_random_models_cost_next_to_nothing() -> None:
    costs = [person.costs(person.random_answers()).mean() for person in map(Person, SEEDS)]

    assert np.mean(costs) < 0.001
    assert max(costs) < most_harm(91, able=False) / 91


@pytest.mark.parametrize(
    "raw",
    [
        {},
        dict.fromkeys(LEVELS, 0.0),
        dict.fromkeys(LEVELS, math.nan),
        {"low": math.inf, "medium": -1.0, "high": 0.5, "urgent": 1e300},
        {"low": 1.0, "medium": 0.0, "high": 0.0, "urgent": 0.0},
    ],
)
def test_hostile_probabilities_are_survived(raw: dict[Level, float]) -> None:
    record = [ModelRecord(raw=raw, base=raw, level="urgent", decided_at=NOW) for _ in range(30)]

    verdict = weigh_model(raw, raw, record, able=True)

    assert math.fsum(verdict.probabilities.values()) == pytest.approx(1)
    assert all(0 < value < 1 for value in verdict.probabilities.values())
    assert 0 <= verdict.share < 1
    assert math.isfinite(verdict.weight(10.0))


def test_a_person_who_decides_one_level_only_makes_no_model_infallible() -> None:
    record = [
        ModelRecord(raw={**EVEN, "high": 0.25}, base=EVEN, level="high", decided_at=NOW + timedelta(hours=hour))
        for hour in range(100)
    ]

    assert weigh_model(EVEN, EVEN, record, able=False).probabilities["high"] < 0.5


def test_the_newest_decisions_count_in_whatever_order_they_come() -> None:
    person = Person(3, 241)
    answers = person.random_answers()
    record = person.record(answers, 240)
    raw, base = as_levels(answers[240]), as_levels(person.base[240])

    verdict = weigh_model(raw, base, record[::-1], able=False)

    assert verdict == weigh_model(raw, base, record[-MOST_RECORDS:], able=False)
    assert verdict.decisions == MOST_RECORDS
