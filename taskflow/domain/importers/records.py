"""What every importer hands over: tasks in the file's order, and what could not be taken over as it was."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, Protocol

from taskflow.domain.errors import TaskFlowError
from taskflow.domain.priority import Priority

MAX_TASKS: Final = 20_000
MAX_PROBLEMS: Final = 1_000
MAX_TITLE: Final = 500
MAX_DESCRIPTION: Final = 100_000
MAX_LABEL: Final = 100
#: A year: whatever is longer is a mistake in the file and not an estimate.
MAX_ESTIMATE_MINUTES: Final = 525_600

MAX_LABELS: Final = 50
MAX_COMMENTS: Final = 1_000
MAX_REMINDERS: Final = 20
MAX_EXTERNAL_ID: Final = 200

Status = Literal["todo", "in_progress", "done", "cancelled"]
Basis = Literal["due", "completion"]


class ImportFormatError(TaskFlowError):
    """The file as a whole is not what was expected; the message names the format and how to get it."""

    code = "import_format"


@dataclass(frozen=True, slots=True)
class ImportedComment:
    """A comment on a task. `created_at` is aware, or None where the file does not know; `author` is free text."""

    body: str
    created_at: datetime | None = None
    author: str = ""

    @property
    def text(self) -> str:
        """What is kept of it here, where its author may have no account."""
        return f"{self.author}: {self.body}"[:MAX_DESCRIPTION] if self.author else self.body


@dataclass(frozen=True, slots=True)
class ImportedReminder:
    """When to remind: minutes before the task is due, or an aware instant; one of the two."""

    minutes_before: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file on a task: what it is known by, what it is called and claims to be, where it lies in the archive."""

    external_id: str
    name: str
    content_type: str
    place: str
    #: Aware, or None where the archive does not know.
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTask:
    """One task of the file. Datetimes are aware UTC; `due_date` and `due_at` exclude each other."""

    #: The line (from 1) on which the task begins.
    line: int
    #: The same for the same task whenever the list is exported, and unique in the file.
    external_id: str
    title: str
    description: str = ""
    project: str | None = None
    section: str | None = None
    #: `external_id` of the parent, which stands earlier in the file.
    parent_external_id: str | None = None
    labels: tuple[str, ...] = ()
    status: Status = "todo"
    priority: Priority = Priority.NONE
    due_date: date | None = None
    due_at: datetime | None = None
    start_date: date | None = None
    estimate_minutes: int | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    #: A rule of RFC 5545 without its `RRULE:`, and what it counts from.
    recurrence: str | None = None
    recurrence_basis: Basis = "due"
    reminders: tuple[ImportedReminder, ...] = ()
    #: Names of people here; those who are not in the project are left out.
    assignees: tuple[str, ...] = ()
    comments: tuple[ImportedComment, ...] = ()
    files: tuple[ImportedFile, ...] = ()
    #: `external_id`s of the tasks that this one waits for; some may be from an earlier import.
    depends_on: tuple[str, ...] = ()

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Labels that can be stored: in one line, not too long, not too many; the section is one too."""
        names = (*self.labels, self.section or "")
        cleaned = (" ".join(name.split())[:MAX_LABEL].strip() for name in names)
        return tuple(dict.fromkeys(name for name in cleaned if name))[:MAX_LABELS]


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """Something on `line` (from 1) that was not taken over as it stands: what, what became of it, what to do."""

    line: int
    detail: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedImport:
    """What a file holds. Problems are in the order of lines; a task with a problem is still among the tasks."""

    tasks: tuple[ImportedTask, ...]
    problems: tuple[ImportProblem, ...]


class Importer(Protocol):
    """Reads the bytes of one exported list.

    `name` is the file's name, `now` (aware) and `timezone` (IANA) give relative and local dates their meaning.
    Raises `ImportFormatError` if this is not such a list at all, and nothing else whatever the bytes are.
    """

    def __call__(self, data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport: ...


class Problems:
    """Collects problems; beyond `MAX_PROBLEMS` it only counts them, and says so in the end."""

    def __init__(self) -> None:
        self._found: list[ImportProblem] = []
        self._more = 0

    def add(self, line: int, detail: str, field: str | None = None) -> None:
        """Notes one problem."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(ImportProblem(line, detail, field))
        else:
            self._more += 1

    def collect(self) -> tuple[ImportProblem, ...]:
        """All problems by line."""
        found = sorted(self._found, key=lambda problem: problem.line)
        if self._more:
            found.append(ImportProblem(found[-1].line, f"{self._more} more problems are not listed: mend these first."))
        return tuple(found)
