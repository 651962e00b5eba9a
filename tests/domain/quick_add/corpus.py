"""The corpus of everyday lines: how it is written down, and how a parse is compared with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from taskflow.domain.quick_add import QuickAdd, fold_reference, index_projects, parse_quick_add, writes_month_first

CORPUS = Path(__file__).with_name("corpus.txt")
HELD_OUT = Path(__file__).with_name("held_out.txt")
EVERYDAY = Path(__file__).with_name("everyday.txt")

PROJECTS = index_projects(
    [
        ("Home", "HOME", "HOME"),
        ("Work", "WORK", "WORK"),
        ("Home Renovation", "RENO", "RENO"),
        ("Garden", "GARDEN", "GARDEN"),
    ]
)


def members(project: str | None) -> dict[str, str]:
    """Everybody is in everything, but Carl is in Work alone."""
    names = ("ada", "bob", "carl") if project == "WORK" else ("ada", "bob")
    return {fold_reference(name): name for name in names}


@dataclass(frozen=True, slots=True)
class Case:
    """A line, where and when it was written, and what its writer meant."""

    text: str
    zone: ZoneInfo
    now: datetime
    expected: dict[str, Any]
    unknown: tuple[str, ...]

    @property
    def has_date(self) -> bool:
        """Whether the writer meant any time at all."""
        return bool(self.expected.keys() & {"due_date", "due_at", "start_date", "recurrence"})

    def parse(self) -> QuickAdd:
        """What quick add makes of it; slashes follow the zone, as for users."""
        month_first = writes_month_first(self.zone.key)
        return parse_quick_add(
            self.text, now=self.now, zone=self.zone, projects=PROJECTS, members=members, month_first=month_first
        )


def read_corpus(path: Path = CORPUS) -> Iterator[Case]:
    """The cases of a file; its first lines say how they are written."""
    zone, now = ZoneInfo("UTC"), datetime(2000, 1, 1, tzinfo=UTC)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("@ "):
            _, key, wall = line.split()
            zone = ZoneInfo(key)
            now = datetime.fromisoformat(wall).replace(tzinfo=zone).astimezone(UTC)
        elif line and not line.startswith("# "):
            text, title, fields = (part.strip() for part in line.rsplit("|", 2))
            wanted = dict(pair.split("=", 1) for pair in fields.split())
            unknown = tuple(wanted.pop("unknown", "").split())
            expected = {"title": text if title == "=" else title} | _fields(wanted, zone)
            yield Case(text, zone, now, expected, unknown)


def outcome(case: Case) -> dict[str, Any]:
    """The parse in the form of `Case.expected`."""
    parsed = case.parse()
    return {"title": parsed.title, **parsed.fields}


def _fields(wanted: dict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    names = {"rule": "recurrence", "basis": "recurrence_basis", "prio": "priority", "proj": "project"}
    fields: dict[str, Any] = {}
    for name, value in wanted.items():
        if name in ("due", "start"):
            fields[f"{name}_date"] = date.fromisoformat(value)
        elif name == "at":
            fields["due_at"] = _instant(value, zone)
        elif name == "est":
            fields["estimate_minutes"] = int(value)
        elif name == "labels":
            fields["labels"] = value.split(",")
        elif name == "who":
            fields["assignees"] = value.split(",")
        elif name == "remind":
            before = value.startswith("-")
            fields["reminders"] = [{"minutes_before": -int(value)} if before else {"at": _instant(value, zone)}]
        else:
            fields[names[name]] = value
    return fields


def _instant(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
