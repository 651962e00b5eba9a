"""How alike two decided tasks are: a sum of products, so every term is a proper kernel.

    k(a, b) = bias + text·⟨text⟩ + topics·⟨topics⟩ + context·⟨context⟩ + shape·⟨shape⟩ + due·D(a, b)
              + context_due·⟨context⟩·D(a, b) + topics_due·⟨topics⟩·D(a, b) + context_text·⟨context⟩·⟨text⟩

where D is a squared-exponential of the distance between due dates on a log scale. Decisions of different people count `shared` of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskflow.learning.features import Encoding

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """The prior variances of the kernel's terms; chosen on the lists in bench/data/people."""

    bias: float = 0.5
    text: float = 6.0
    topics: float = 3.0
    context: float = 4.0
    shape: float = 0.3
    due: float = 1.5
    context_due: float = 2.0
    topics_due: float = 1.0
    context_text: float = 2.0
    #: Distance on the log scale of due dates over which nearness fades.
    due_length: float = 0.9
    #: How alike "timed" and "all day" are, and a due date and none.
    timed_alike: float = 0.7
    #: How much of another member's decision carries over.
    shared: float = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Encodings stacked: row i is task i."""

    text: NDArray[np.float32]
    context: NDArray[np.float32]
    topics: NDArray[np.float32]
    shape: NDArray[np.float32]
    due: Array
    timed: NDArray[np.bool_]
    mine: NDArray[np.bool_]


def stack(encodings: Sequence[Encoding], mine: Sequence[bool]) -> Block:
    """The block of `encodings`, at least one; `mine` says whose each is."""
    return Block(
        text=np.stack([encoding.text for encoding in encodings]),
        context=np.stack([encoding.context for encoding in encodings]),
        topics=np.stack([encoding.topics for encoding in encodings]),
        shape=np.stack([encoding.shape for encoding in encodings]),
        due=np.array([encoding.due for encoding in encodings], dtype=np.float64),
        timed=np.array([encoding.timed for encoding in encodings], dtype=np.bool_),
        mine=np.array(mine, dtype=np.bool_),
    )


def due_alike(left: Block, right: Block, scales: Scales) -> Array:
    """D: 1 for equal due dates (or none on both sides), 0 between a due date and none."""
    without_left, without_right = np.isnan(left.due), np.isnan(right.due)
    distance = (np.nan_to_num(left.due)[:, None] - np.nan_to_num(right.due)[None, :]) / scales.due_length
    alike = np.exp(-0.5 * distance**2) * np.where(left.timed[:, None] == right.timed[None, :], 1.0, scales.timed_alike)
    return np.where(
        without_left[:, None] | without_right[None, :],
        (without_left[:, None] & without_right[None, :]).astype(float),
        alike,
    )


def compare(left: Block, right: Block, scales: Scales) -> Array:
    """The kernel between every row of `left` and every row of `right`."""
    text = (left.text @ right.text.T).astype(np.float64)
    context = (left.context @ right.context.T).astype(np.float64)
    topics = (left.topics @ right.topics.T).astype(np.float64)
    shape = (left.shape @ right.shape.T).astype(np.float64)
    due = due_alike(left, right, scales)
    kernel = (
        scales.bias
        + scales.text * text
        + scales.topics * topics
        + scales.context * context
        + scales.shape * shape
        + scales.due * due
        + scales.context_due * context * due
        + scales.topics_due * topics * due
        + scales.context_text * context * text
    )
    return np.asarray(kernel * np.where(left.mine[:, None] == right.mine[None, :], 1.0, scales.shared))
