"""An opinion from the nearest decided tasks, nearness being that of their embeddings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level

#: How many decided tasks have a vote, at most.
NEIGHBOURS = 15
#: A vote is cosine ** SHARPNESS: one task in other words (0.8) counts for a half, a distant one (0.3) for 3 %.
SHARPNESS = 3.0
#: Votes' worth of evidence that all of the person's decisions are as good a guide as the nearest ones.
PRIOR_VOTES = 0.3
#: Decisions' worth of evidence that all levels are as frequent.
EVEN_DECISIONS = 4.0
#: Characters of a description that are embedded: small models read no more.
DESCRIPTION_READ = 500


def describe(facts: TaskFacts) -> str:
    """The text of a task that is to be embedded: what it says, and where it belongs."""
    said = ". ".join(part for part in (facts.title, facts.description[:DESCRIPTION_READ]) if part)
    place = ", ".join(part for part in (facts.project, *facts.labels) if part)
    return f"{said} ({place})" if place else said


def nearest_signal(vector: ArrayLike, examples: Sequence[tuple[ArrayLike, Level]]) -> dict[Level, float] | None:
    """How probable each level is for the task of `vector`, from decided tasks: their vectors and levels, in any order.

    All vectors come from one model, with any length but of one width. None without decisions, or where the task's
    vector is zero or is not finite; decided tasks with such vectors have no vote.
    """
    asked = np.asarray(vector, dtype=np.float64)
    if not examples or not np.isfinite(asked).all() or not asked.any():
        return None
    known = np.array([np.asarray(found, dtype=np.float64) for found, _ in examples])
    chosen = np.array([LEVELS.index(level) for _, level in examples], dtype=np.intp)
    proper = np.isfinite(known).all(axis=1) & known.any(axis=1)
    known, chosen = known[proper], chosen[proper]
    if not len(known):
        return None
    cosines = known @ asked / (np.linalg.norm(known, axis=1) * np.linalg.norm(asked))
    nearest = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
    votes = np.bincount(chosen[nearest], np.maximum(cosines[nearest], 0) ** SHARPNESS, minlength=len(LEVELS))
    usual = (np.bincount(chosen, minlength=len(LEVELS)) + EVEN_DECISIONS / len(LEVELS)) / (len(chosen) + EVEN_DECISIONS)
    pooled = (votes + PRIOR_VOTES * usual) / (votes.sum() + PRIOR_VOTES)
    return {level: float(value) for level, value in zip(LEVELS, pooled, strict=True)}
