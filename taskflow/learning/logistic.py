"""Multinomial logistic regression in its dual (kernel) form, in numpy.

With n examples, C classes, a kernel K (n x n), a class covariance S (C x C) and an offset O (n x C), the logits are
F = O + K A S and the fit minimises over A (n x C)

    sum_i w_i * (logsumexp(F_i) - F_i[y_i])  +  1/2 trace(A^T K A S)

which for K = X X^T, S = I, O = 0 is the ridge-penalised logistic regression of scikit-learn with C = 1 and without
intercept. A diagonal S treats the classes as unrelated; correlated neighbours make it ordinal. Solved by damped Newton
steps; each step's linear system is solved by conjugate gradients in the inner product <u, v> = trace(u^T K v S), in
which the Newton operator is self-adjoint (Rasmussen and Williams 2006, sections 3.4 and 3.5, give the same system for
Gaussian processes).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_STEPS = 30
MAX_CONJUGATE = 40


@dataclass(frozen=True, slots=True)
class Problem:
    """One fit: `kernel` (n, n), one-hot `targets` (n, C), `weights` (n), `offset` (n, C), `class_covariance` (C, C)."""

    kernel: Array
    targets: Array
    weights: Array
    offset: Array
    class_covariance: Array

    def spread(self, dual: Array) -> Array:
        """K A S, the part of the logits that was learned."""
        return self.kernel @ dual @ self.class_covariance

    def loss(self, dual: Array, spread: Array) -> float:
        """The objective at `dual`, whose `spread` is given."""
        logits = self.offset + spread
        entropy = log_sum_exp(logits) - (self.targets * logits).sum(axis=1)
        return float(self.weights @ entropy + 0.5 * (dual * spread).sum())


def log_sum_exp(logits: Array) -> Array:
    """log(sum(exp)) of each row, without overflow."""
    top = logits.max(axis=1)
    return np.asarray(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)), dtype=np.float64)


def softmax(logits: Array) -> Array:
    """Each row as probabilities."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float64)


def fit_dual(problem: Problem, start: Array | None = None, tolerance: float = 1e-4) -> Array:
    """The minimiser A (n, C); `start` warms it up. Stops when no entry of the dual gradient exceeds `tolerance`."""
    dual = np.zeros_like(problem.targets) if start is None else start.copy()
    spread = problem.spread(dual)
    loss = problem.loss(dual, spread)
    for _ in range(MAX_STEPS):
        probabilities = softmax(problem.offset + spread)
        gradient = problem.weights[:, None] * (probabilities - problem.targets) + dual
        if not gradient.size or np.abs(gradient).max() <= tolerance:
            break
        step, step_spread = newton_step(problem, probabilities, gradient, max(1e-4, tolerance / 3))
        length = 1.0
        while length > 1e-4:
            candidate = problem.loss(dual + length * step, spread + length * step_spread)
            if candidate <= loss:
                break
            length /= 2
        else:
            break
        dual = dual + length * step
        spread = spread + length * step_spread
        loss = candidate
    return dual


def newton_step(problem: Problem, probabilities: Array, gradient: Array, remainder: float) -> tuple[Array, Array]:
    """The step d that solves (I + H K S) d = -gradient, and K d S, up to a `remainder` of the residual's energy."""
    weighted = problem.weights[:, None] * probabilities

    def curve(spread: Array) -> Array:
        """H applied to a change of the logits."""
        product = weighted * spread
        return np.asarray(product - weighted * (probabilities * spread).sum(axis=1, keepdims=True), dtype=np.float64)

    step = np.zeros_like(gradient)
    step_spread = np.zeros_like(gradient)
    residual = -gradient
    residual_spread = problem.spread(residual)
    direction, direction_spread = residual, residual_spread
    energy = float((residual * residual_spread).sum())
    goal = remainder * energy
    for _ in range(MAX_CONJUGATE):
        if energy <= goal or energy <= 1e-30:
            break
        image = direction + curve(direction_spread)
        curvature = float((image * direction_spread).sum())
        if curvature <= 0:
            break
        length = energy / curvature
        step = step + length * direction
        step_spread = step_spread + length * direction_spread
        residual = residual - length * image
        residual_spread = problem.spread(residual)
        following = float((residual * residual_spread).sum())
        direction = residual + (following / energy) * direction
        direction_spread = residual_spread + (following / energy) * direction_spread
        energy = following
    return step, step_spread
