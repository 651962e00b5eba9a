"""Which questions to a model the benchmark of the blend asks: a task, and the decisions that are quoted with it.

As in the product: the person's newest decisions in the task's project, at most `MOST_EXAMPLES`, newest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from priority_quality import (
    DATA,
    DECISIONS,
    TIMEZONE,
    TRACKER_DECISIONS,
    TRACKER_TEST_SHARE,
    Task,
    read_people,
    read_trackers,
)

from taskflow.domain.prompts import MOST_EXAMPLES, Asked
from taskflow.learning.model_trust import MOST_RECORDS


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every so manieth task of a list is asked about, before its decision or after the last one (the others are decided
    without), and the rows' numbers of decisions."""

    people_stride: int
    tuning_stride: int
    tracker_stride: int
    people_decisions: Sequence[int]
    tuning_decisions: Sequence[int]
    tracker_decisions: Sequence[int]


#: For language models: a small one reads 150 tokens a second on one core, a task takes it a second, a bug report more.
#: Without decisions a model that is not known to be able changes nothing, so that it need not be asked.
SPARSE = Sampling(4, 8, 20, (20, 40, 80), (40,), (80,))
#: For embeddings, which are quick.
DENSE = Sampling(1, 1, 1, DECISIONS, DECISIONS, TRACKER_DECISIONS)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: after the decisions on `known`, later tasks are judged; numbers into `tasks`."""

    name: str
    tasks: Sequence[Task]
    known: range
    stride: int

    @property
    def asked(self) -> range:
        """The tasks that are judged."""
        return self._strided(range(self.known.stop, len(self.tasks)))

    @property
    def recorded(self) -> range:
        """The known tasks that the record holds: what was asked before its decision, the newest."""
        return self._strided(self.known)[-MOST_RECORDS:]

    def _strided(self, numbers: range) -> range:
        return range(numbers.start + -numbers.start % self.stride, numbers.stop, self.stride)

    def quoted(self, task: int) -> list[int]:
        """The tasks that are told as decided when `task` (known or asked) is asked about, newest first."""
        before = range(self.known.start, min(task, self.known.stop))
        project = self.tasks[task].facts.project
        return [number for number in reversed(before) if self.tasks[number].facts.project == project][:MOST_EXAMPLES]

    def told(self, task: int) -> str:
        """The same as one word, to find an answer by."""
        return " ".join(str(number) for number in self.quoted(task))

    def seen(self, task: int) -> str:
        """All that was decided before, as one word: what the nearest decided tasks are sought among."""
        return f"{self.known.start}-{min(task, self.known.stop)}"

    def question(self, task: int) -> Asked:
        """The question as the product's prompts take it; "now" is the task's creation."""
        facts = self.tasks[task].facts
        decided = [(self.tasks[number].facts.title, self.tasks[number].level) for number in self.quoted(task)]
        return Asked(facts=facts, decided=decided, now=facts.created_at, timezone=TIMEZONE)


def read_rows(sampling: Sampling, data: Path = DATA) -> list[Row]:
    """All rows: the lists of two people, the tuning lists, the trackers."""
    rows = [
        Row(name, tasks, range(count), sampling.people_stride)
        for name, tasks in read_people(data).items()
        for count in sampling.people_decisions
    ]
    for name, tasks in read_people(data / "tuning").items():
        rows += [
            Row(f"tuning/{name}", tasks, range(count), sampling.tuning_stride)
            for count in sampling.tuning_decisions
            if count < len(tasks)
        ]
    for name, tasks in read_trackers(data).items():
        first = round(len(tasks) * (1 - TRACKER_TEST_SHARE))
        rows += [
            Row(name, tasks, range(first - count, first), sampling.tracker_stride)
            for count in sampling.tracker_decisions
        ]
    return rows
