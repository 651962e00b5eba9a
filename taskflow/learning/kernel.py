"""How alike two decided tasks are: a weighted sum of products of likenesses, so that it is a proper kernel.

    k(a, b) = text·⟨text⟩ + topics·⟨topics⟩ + cues·⟨cues⟩ + labels·⟨labels⟩ + place·⟨place⟩ + shape·⟨shape⟩
              + project·S + due·D + project_due·S·D + labels_due·⟨labels⟩·D + topics_due·⟨topics⟩·D

⟨x⟩ is the inner product of the two tasks' vectors x, S is 1 for the same project, D is a squared exponential of the
distance between due dates on a log scale. The products let a due date mean one thing in one project and another
elsewhere. Decisions of different people count for `shared` of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from taskflow.learning.features import Encoding

Array = NDArray[np.float64]
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """The prior variances of the kernel's terms, chosen by coordinate search on the lists in bench/data/tuning."""

    text: float = 4.0
    topics: float = 1.0
    cues: float = 1.0
    labels: float = 8.0
    place: float = 8.0
    shape: float = 2.0
    project: float = 2.5
    due: float = 6.0
    project_due: float = 5.0
    labels_due: float = 1.0
    topics_due: float = 1.0
    #: Distance on the log scale of due dates over which nearness fades.
    due_length: float = 0.9
    #: How alike a clock time and an all-day date are.
    timed_alike: float = 0.7
    #: How much of another member's decision carries over.
    shared: float = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Encodings stacked: row i of each array is task i; `mine` says whose decision it is."""

    text: Rows
    topics: Rows
    cues: Rows
    labels: Rows
    place: Rows
    shape: Rows
    project: NDArray[np.int64]
    due: Array
    timed: NDArray[np.bool_]
    prior: Array
    mine: NDArray[np.bool_]


def stack(encodings: Sequence[Encoding], mine: Sequence[bool]) -> Block:
    """The block of at least one encoding."""
    columns = {
        field.name: np.stack([np.asarray(getattr(encoding, field.name)) for encoding in encodings])
        for field in fields(Encoding)
    }
    return Block(**columns, mine=np.array(mine, dtype=np.bool_))


def join(first: Block, kept: NDArray[np.intp], second: Block | None) -> Block:
    """The `kept` rows of `first`, then all of `second`."""
    return Block(
        **{
            field.name: np.concatenate(
                [getattr(first, field.name)[kept], *([getattr(second, field.name)] if second is not None else [])]
            )
            for field in fields(Block)
        }
    )


def due_alike(left: Block, right: Block, scales: Scales) -> Array:
    """D: 1 for equal due dates and for none on both sides, 0 between a due date and none."""
    undated_left, undated_right = np.isnan(left.due)[:, None], np.isnan(right.due)[None, :]
    distance = (np.nan_to_num(left.due)[:, None] - np.nan_to_num(right.due)[None, :]) / scales.due_length
    alike = np.exp(-0.5 * distance**2) * np.where(left.timed[:, None] == right.timed[None, :], 1.0, scales.timed_alike)
    return np.asarray(np.where(undated_left | undated_right, undated_left & undated_right, alike), dtype=np.float64)


def compare(left: Block, right: Block, scales: Scales) -> Array:
    """The kernel between every row of `left` and every row of `right`."""
    due = due_alike(left, right, scales)
    topics = (left.topics @ right.topics.T).astype(np.float64)
    labels = (left.labels @ right.labels.T).astype(np.float64)
    same_project = (left.project[:, None] == right.project[None, :]) & (left.project != 0)[:, None]
    kernel = (
        scales.text * (left.text @ right.text.T)
        + scales.cues * (left.cues @ right.cues.T)
        + scales.place * (left.place @ right.place.T)
        + scales.shape * (left.shape @ right.shape.T)
        + topics * (scales.topics + scales.topics_due * due)
        + labels * (scales.labels + scales.labels_due * due)
        + same_project * (scales.project + scales.project_due * due)
        + scales.due * due
    )
    return np.asarray(kernel * np.where(left.mine[:, None] == right.mine[None, :], 1.0, scales.shared))


def likeness(asked: Block, known: Block) -> Array:
    """How alike the asked task (one row) is to each known one for a reader, 0 to 1: what they say, with a nod to
    where they belong."""
    text = (asked.text @ known.text.T)[0].astype(np.float64)
    place = (asked.place @ known.place.T)[0].astype(np.float64)
    return np.asarray(np.clip(0.9 * text + 0.1 * place, 0.0, 1.0))
