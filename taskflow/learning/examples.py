"""What the learner learns from: one decision of a person about one task."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Level

#: Older decisions than the newest so many are not learned from: it bounds time and memory.
MAX_EXAMPLES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A decided task: its facts as they were, the level that was chosen and when (aware).

    `mine` says that the person asked for decided it; others' decisions come from members of the same project and
    count for less. `refused` says that `level` was dismissed and none chosen: all that is known is that it was not
    this one. `citable` is false where a reason must not quote the title, because people may read it who do not
    see that task. `task_id` joins repeated decisions about one task: only the newest counts.
    """

    facts: TaskFacts
    level: Level
    decided_at: datetime
    mine: bool = True
    refused: bool = False
    citable: bool = True
    task_id: str | None = None


def newest_decisions(examples: Iterable[Example], limit: int = MAX_EXAMPLES) -> tuple[Example, ...]:
    """The newest `limit` decisions, one a task, oldest first; equal times keep the order they came in."""
    latest: dict[str, Example] = {}
    for position, example in enumerate(sorted(examples, key=lambda example: example.decided_at)):
        key = example.task_id if example.task_id is not None else f"#{position}"
        latest.pop(key, None)
        latest[key] = example
    return tuple(latest.values())[-limit:]
