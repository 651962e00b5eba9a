import numpy as np
import pytest

from taskflow.learning.logistic import softmax
from taskflow.learning.trust import DEFAULT_SHARE, MAX_SHARE, Trust, measure_trust


def test_without_evidence_the_defaults_hold() -> None:
    assert measure_trust(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0, dtype=np.intp)) == Trust()


def test_a_signal_that_predicts_well_gains_and_one_that_fails_loses() -> None:
    chosen = np.random.default_rng(1).integers(0, 4, 200)
    good = 3.0 * np.eye(4)[chosen]
    even = np.full((200, 4), 0.25)

    assert measure_trust(good, even, chosen).share > DEFAULT_SHARE
    assert measure_trust(-good, even, chosen).share < 0.5
    assert measure_trust(good, even, chosen).share <= MAX_SHARE


def test_overconfident_logits_are_cooled_and_timid_ones_sharpened() -> None:
    random = np.random.default_rng(2)
    truth = random.normal(size=(800, 4))
    chosen = np.array([random.choice(4, p=row) for row in softmax(truth)])
    even = np.full((800, 4), 0.25)

    assert measure_trust(2 * truth, even, chosen).temperature == pytest.approx(2, rel=0.2)
    assert measure_trust(truth / 2, even, chosen).temperature == pytest.approx(0.5, rel=0.2)


def test_the_weight_stands_beside_the_rules_one() -> None:
    assert Trust(share=0.9).weight == pytest.approx(9)
