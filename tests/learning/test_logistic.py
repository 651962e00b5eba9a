import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from taskflow.learning.logistic import Problem, fit_dual, softmax


def make(count: int = 120, width: int = 40, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, width)) * (random.random((count, width)) < 0.3)
    chosen = (features[:, :4] + 0.5 * random.normal(size=(count, 4))).argmax(axis=1)
    return features, chosen


def plain_problem(features: np.ndarray, chosen: np.ndarray, weights: np.ndarray | None = None) -> Problem:
    count = len(features)
    return Problem(
        kernel=features @ features.T,
        targets=np.eye(4)[chosen],
        weights=np.ones(count) if weights is None else weights,
        offset=np.zeros((count, 4)),
        class_covariance=np.eye(4),
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_it_reaches_the_optimum_that_scikit_learn_reaches(weighted: bool) -> None:
    features, chosen = make()
    weights = np.linspace(0.2, 1.0, len(chosen)) if weighted else np.ones(len(chosen))
    reference = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=10_000)
    reference.fit(features, chosen, sample_weight=weights)

    problem = plain_problem(features, chosen, weights)
    dual = fit_dual(problem, tolerance=1e-7)

    unseen = np.random.default_rng(9).normal(size=(50, features.shape[1]))
    ours = softmax(unseen @ features.T @ dual)
    assert ours == pytest.approx(reference.predict_proba(unseen), abs=1e-4)
    coefficients = dual.T @ features
    assert coefficients == pytest.approx(reference.coef_, abs=1e-4)


def test_an_offset_and_a_class_covariance_leave_no_gradient_at_the_optimum() -> None:
    features, chosen = make(seed=5)
    random = np.random.default_rng(1)
    root = random.normal(size=(4, 4))
    plain = plain_problem(features, chosen)
    problem = Problem(plain.kernel, plain.targets, plain.weights, random.normal(size=(len(chosen), 4)), root @ root.T)

    dual = fit_dual(problem, tolerance=1e-6)

    best = problem.loss(dual, problem.spread(dual))
    for _ in range(20):
        near = dual + 1e-3 * random.normal(size=dual.shape)
        assert problem.loss(near, problem.spread(near)) >= best


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    features, chosen = make(seed=7)
    problem = plain_problem(features, chosen)

    cold = fit_dual(problem, tolerance=1e-6)
    warm = fit_dual(problem, start=cold + 0.3, tolerance=1e-6)

    assert warm == pytest.approx(cold, abs=1e-4)


def test_left_out_examples_have_no_say() -> None:
    features, chosen = make(seed=11)
    weights = np.where(np.arange(len(chosen)) < 80, 1.0, 0.0)

    whole = fit_dual(plain_problem(features, chosen, weights), tolerance=1e-6)
    part = fit_dual(plain_problem(features[:80], chosen[:80]), tolerance=1e-6)

    assert whole[80:] == pytest.approx(0, abs=1e-5)
    assert whole[:80] == pytest.approx(part, abs=1e-4)


def test_extreme_scales_stay_finite() -> None:
    features, chosen = make(seed=13)
    problem = plain_problem(1e4 * features, chosen)

    dual = fit_dual(problem)

    assert np.isfinite(dual).all()
    assert np.isfinite(softmax(problem.spread(dual))).all()
