"""The levels of priority and their order."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal


class Priority(StrEnum):
    """What a person decided; `NONE` means undecided, and sorts below every level."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """0 (`none`) to 4 (`urgent`): the value that is stored and sorted by."""
        return RANKS[self]

    @classmethod
    def from_rank(cls, rank: int) -> "Priority":
        """The level of a stored rank; `ValueError` outside 0 to 4."""
        if not 0 <= rank < len(ORDER):
            raise ValueError(f"priority rank must be 0 to {len(ORDER) - 1}, not {rank}")
        return ORDER[rank]


ORDER = (Priority.NONE, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT)
RANKS = {level: rank for rank, level in enumerate(ORDER)}

#: A level that may be proposed: `none` never is.
Level = Literal["low", "medium", "high", "urgent"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "urgent")


def by_level(numbers: Mapping[str, float] | None) -> dict[str, float] | None:
    """`numbers`, one a level, from the lowest on: PostgreSQL orders the names of a stored JSON object as it likes."""
    return None if numbers is None else {level: numbers[level] for level in LEVELS}
