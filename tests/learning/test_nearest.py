import math

import numpy as np
import pytest

from taskflow.domain.priority import LEVELS, Level
from taskflow.learning.nearest import nearest_signal

Decided = list[tuple[list[float], Level]]

GARDEN, MONEY = [1.0, 0.1, 0.0], [0.0, 0.1, 1.0]


def test_the_nearest_decided_tasks_have_the_say() -> None:
    decided: Decided = [(GARDEN, "urgent"), ([0.9, 0.2, 0.1], "urgent"), (MONEY, "low"), ([0.1, 0.0, 2.0], "low")]

    found = nearest_signal([2.0, 0.3, 0.0], decided)

    assert found is not None
    assert found["urgent"] > 0.6 > 0.3 > found["low"]
    assert math.fsum(found.values()) == pytest.approx(1)
    assert min(found.values()) > 0


def test_far_from_everything_the_usual_levels_are_answered() -> None:
    decided: Decided = [([1.0, 0.0], "high"), ([1.0, 0.0], "high"), ([1.0, 0.0], "low")]

    found = nearest_signal([0.0, 1.0], decided)

    assert found is not None
    assert found["high"] == pytest.approx((2 + 1) / (3 + 4))
    assert found["medium"] == found["urgent"] == pytest.approx(1 / 7)


def test_without_decisions_or_without_a_vector_there_is_no_opinion() -> None:
    assert nearest_signal(GARDEN, []) is None
    assert nearest_signal([0.0, 0.0, 0.0], [(GARDEN, "low")]) is None
    assert nearest_signal([math.nan, 0.0, 1.0], [(GARDEN, "low")]) is None
    assert nearest_signal(GARDEN, [([0.0, 0.0, 0.0], "low"), ([math.inf, 0.0, 0.0], "low")]) is None


def test_decided_tasks_with_broken_vectors_have_no_vote() -> None:
    sound: Decided = [(GARDEN, "high"), (MONEY, "low")]

    broken: Decided = [([math.nan, 1.0, 1.0], "urgent"), ([0.0, 0.0, 0.0], "urgent")]

    assert nearest_signal(GARDEN, [*sound, *broken]) == nearest_signal(GARDEN, sound)


def test_five_hundred_decisions_are_no_hurdle_for_any_width() -> None:
    random = np.random.default_rng(1)
    decided = [(random.normal(size=384), LEVELS[number % 4]) for number in range(500)]

    found = nearest_signal(decided[2][0], decided)

    assert found is not None
    assert max(found, key=lambda level: found[level]) == LEVELS[2]
