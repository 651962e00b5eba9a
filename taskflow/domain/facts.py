"""What a prioritiser may know of one task: its judged fields, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """One task's judged fields. Datetimes are aware; `due_date` (all day) and `due_at` (timed) exclude each other."""

    title: str
    created_at: datetime
    description: str = ""
    #: The project's name, as its members wrote it.
    project: str = ""
    labels: tuple[str, ...] = ()
    due_date: date | None = None
    due_at: datetime | None = None
    start_date: date | None = None
    estimate_minutes: int | None = None
    #: The parent task's title, if it has a parent.
    parent: str | None = None
    #: How many open tasks this one waits for, and how many open tasks wait for it.
    open_blockers: int = 0
    open_dependents: int = 0

    def as_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads back to an equal value."""
        return {
            "title": self.title,
            "description": self.description,
            "project": self.project,
            "labels": list(self.labels),
            "due_date": _text(self.due_date),
            "due_at": _text(self.due_at),
            "start_date": _text(self.start_date),
            "estimate_minutes": self.estimate_minutes,
            "parent": self.parent,
            "open_blockers": self.open_blockers,
            "open_dependents": self.open_dependents,
            "created_at": self.created_at.isoformat(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TaskFacts":
        """Reads `as_json`'s form; `KeyError` or `ValueError` for anything else."""
        due_date, due_at, start_date = data["due_date"], data["due_at"], data["start_date"]
        return cls(
            title=data["title"],
            description=data["description"],
            project=data["project"],
            labels=tuple(data["labels"]),
            due_date=None if due_date is None else date.fromisoformat(due_date),
            due_at=None if due_at is None else datetime.fromisoformat(due_at),
            start_date=None if start_date is None else date.fromisoformat(start_date),
            estimate_minutes=data["estimate_minutes"],
            parent=data["parent"],
            open_blockers=data["open_blockers"],
            open_dependents=data["open_dependents"],
            created_at=datetime.fromisoformat(data["created_at"]),
        )


def _text(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
