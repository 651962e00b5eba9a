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
class Row:
    """One row of the table: after the decisions on `known`, later tasks are judged; numbers into `tasks`."""

    name: str
    tasks: Sequence[Task]
    known: range

    @property
    def asked(self) -> range:
        """The tasks that are judged."""
        return range(self.known.stop, len(self.tasks))

    @property
    def recorded(self) -> range:
        """The known tasks that the record holds: what was asked before its decision, the newest."""
        return self.known[-MOST_RECORDS:]

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


def read_rows(data: Path = DATA) -> list[Row]:
    """All rows: the lists of two people, the tuning lists, the trackers."""
    people = read_people(data) | {f"tuning/{name}": tasks for name, tasks in read_people(data / "tuning").items()}
    rows = [
        Row(name, tasks, range(count)) for name, tasks in people.items() for count in DECISIONS if count < len(tasks)
    ]
    for name, tasks in read_trackers(data).items():
        first = round(len(tasks) * (1 - TRACKER_TEST_SHARE))
        rows += [Row(name, tasks, range(first - count, first)) for count in TRACKER_DECISIONS]
    return rows
