"""Exports that are one JSON document: reading it whole, and reading its values whatever they are.

In such a document problems have no line of their own: `line` is the number of the record, from 1.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from taskflow.domain.errors import Invalid
from taskflow.domain.importers.records import MAX_DESCRIPTION, ImportedTask, ImportFormatError, Problems
from taskflow.domain.importers.texts import clean, clean_line, decode, quote
from taskflow.domain.recurrence import parse_rule

#: Levels of subtasks.
MAX_DEPTH: Final = 50
_LONGEST_INTEGER: Final = 18


def load_document(data: bytes, problems: Problems, *, expected: str) -> object:
    """The document; `ImportFormatError` for what is no JSON, or is nested too deeply."""
    text = decode(data, problems, expected=expected)
    try:
        return json.loads(text, parse_int=_parse_int, parse_constant=lambda name: None)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        raise ImportFormatError(f"This is not JSON ({wrong.msg} at {where}). Expected: {expected}") from None
    except RecursionError:
        raise ImportFormatError(f"The file is nested too deeply. Expected: {expected}") from None
    except ValueError:
        raise ImportFormatError(f"The file has a number that cannot be read. Expected: {expected}") from None


def _parse_int(digits: str) -> int | str:
    """Python refuses integers of thousands of digits; no field of a task needs one."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; nothing for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str:
    """A text, or a number written out; empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def line_of(value: object) -> str:
    """`text_of` as one clean line."""
    return clean_line(text_of(value))


def number_of(value: object) -> float:
    """A finite number; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if abs(value) < 1e15 else 0.0


def moment_of(value: object) -> datetime | None:
    """An instant of ISO 8601 with its offset, in UTC; None for anything else, and for the year 1 (Go's "no time")."""
    if not isinstance(value, str) or not 10 < len(value) < 60:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC) if moment.tzinfo is not None and moment.year > 1 else None
    except (ValueError, OverflowError):
        return None


@dataclass(slots=True)
class Record:
    """One record of a document: reads its fields, and gathers what has no field here for the description."""

    line: int
    raw: Mapping[str, Any]
    problems: Problems
    source: str
    notes: list[str] = field(default_factory=list)

    def line_text(self, name: str) -> str:
        """A text as one line."""
        return line_of(self.raw.get(name))

    def note(self, label: str, value: str) -> None:
        """Keeps a value in the description."""
        if value:
            self.notes.append(f"{label} in {self.source}: {value}")

    def moment(self, name: str) -> datetime | None:
        """An instant; what cannot be read is a problem, and goes into the description."""
        value = self.raw.get(name)
        found = moment_of(value)
        text = line_of(value)
        if found is None and text and not text.startswith("0001-"):
            self.note(name, text[:200])
            self.problems.add(
                self.line, f"{name} {quote(text)} is no time with its zone: it is in the description.", name
            )
        return found

    def rule(self, text: str | None) -> str | None:
        """A recurrence rule, checked; one that is not supported is a problem, and goes into the description."""
        return check_rule(text, self.line, self.problems, self.notes, self.source)


def check_rule(text: str | None, line: int, problems: Problems, notes: list[str], source: str) -> str | None:
    """The rule in its normal form; None for one that is not supported, which is noted and kept in `notes`."""
    if not text:
        return None
    try:
        return parse_rule(text).text
    except Invalid as error:
        notes.append(f"Repeats in {source}: {clean_line(text)[:500]}")
        why = error.errors[0].detail if error.errors else "it is not supported"
        problems.add(line, f"It repeats ({quote(text)}), but {why} The rule is in the description.", "recurrence")
        return None


def cut(body: str, line: int, problems: Problems) -> str:
    """A comment's text, clean and within its limit."""
    text = clean(body)
    if len(text) > MAX_DESCRIPTION:
        problems.add(line, f"A comment is longer than {MAX_DESCRIPTION:,} characters: its end was left out.")
    return text[:MAX_DESCRIPTION]


def parents_first(tasks: Iterable[ImportedTask], problems: Problems) -> tuple[ImportedTask, ...]:
    """The tasks in their order, but each after its parent; a parent that is not there, a circle, and what lies deeper
    than `MAX_DEPTH` is cut off and reported."""
    by_id = {task.external_id: task for task in tasks}
    done: dict[str, ImportedTask] = {}
    depths: dict[str, int] = {}
    for task in by_id.values():
        chain: dict[str, ImportedTask] = {}
        current: ImportedTask | None = task
        while current is not None and current.external_id not in done and current.external_id not in chain:
            chain[current.external_id] = current
            current = by_id.get(current.parent_external_id or "")
        for link in reversed(chain.values()):
            parent = link.parent_external_id
            depth = 0 if parent is None else depths.get(parent, MAX_DEPTH) + 1
            if depth > MAX_DEPTH:
                detail = "Its parent is not in this file, is part of it, or lies too deep: it stands alone."
                problems.add(link.line, detail, "parent")
                depth = 0
            depths[link.external_id] = depth
            done[link.external_id] = link if depth else replace(link, parent_external_id=None)
    return tuple(done.values())
