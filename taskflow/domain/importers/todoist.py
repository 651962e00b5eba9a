"""Todoist's CSV: what "Export as CSV" writes for a project, and what its "Import from CSV" documents.

A row is a `task`, a `section`, a `note` (a comment on the task above it) or `meta` (how the list is shown). The columns
that matter are TYPE, CONTENT, DESCRIPTION, PRIORITY (1 is the highest, 4 is none), INDENT (1 is the top), AUTHOR,
RESPONSIBLE, DATE (words, in the zone of TIMEZONE), DURATION and DURATION_UNIT, DEADLINE.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from hashlib import sha256
from typing import Final

from taskflow.domain.importers.english_dates import parse_date
from taskflow.domain.importers.english_rules import Repetition, read_every
from taskflow.domain.importers.records import (
    MAX_DESCRIPTION,
    MAX_ESTIMATE_MINUTES,
    MAX_LABEL,
    MAX_TASKS,
    ImportedComment,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
)
from taskflow.domain.importers.texts import clean, clean_line, decode, fit, quote
from taskflow.domain.priority import Priority
from taskflow.domain.zones import load_zone, local_date

EXPECTED: Final = (
    "a CSV file exported from Todoist (open the project, choose Export as CSV), whose first line begins "
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT."
)
_COLUMNS: Final = frozenset(
    {"TYPE", "CONTENT", "DESCRIPTION", "IS_COLLAPSED", "PRIORITY", "INDENT", "AUTHOR", "RESPONSIBLE"}
    | {"DATE", "DATE_LANG", "TIMEZONE", "DURATION", "DURATION_UNIT", "DEADLINE", "DEADLINE_LANG"}
)
#: Rows without a task (blank, comments, sections) may be many, but not endless.
_MAX_ROWS: Final = 10 * MAX_TASKS
#: An empty cell is `none`. (Todoist itself reads it as p1, which would turn a plain list into one of urgent tasks.)
_PRIORITIES: Final = {
    "1": Priority.URGENT,
    "2": Priority.HIGH,
    "3": Priority.MEDIUM,
    "4": Priority.NONE,
    "": Priority.NONE,
}
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 1440}
_LABEL: Final = re.compile(rf"(?<!\S)@([^\s@,]{{1,{MAX_LABEL}}})(?!\S)")
_PROJECT_NUMBER: Final = re.compile(r"\s*(\[[0-9A-Za-z]+\]|\(\d+\))\s*$")
_FILE: Final = re.compile(r"\[\[file (\{[^\[\]]{1,5000}\})\]\]")
_USER: Final = re.compile(r"\s*\(\d+\)$")


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The tasks of one project; see `Importer`. Its name is the file's, without what Todoist or a browser added.

    `external_id` is made of project, section, titles from the top task down, and a count among equals: it survives a
    new export as long as a task keeps its name and place, whatever its date, priority, labels and description become.
    """
    problems = Problems()
    text = decode(data, problems, expected=EXPECTED)
    reader = _Reader(problems, project_of(name), now, load_zone(timezone))
    for line, row in _rows(text, problems):
        reader.read(line, row)
    return ParsedImport(reader.finish(), problems.collect())


def project_of(name: str) -> str | None:
    """The project's name in a file's name: `Home [2203306141].csv` and `Home (1).csv` are both of `Home`."""
    stem = clean_line(re.split(r"[/\\]", name)[-1][:300])
    stem = re.sub(r"\.csv$", "", stem, flags=re.IGNORECASE)
    while found := _PROJECT_NUMBER.search(stem):
        stem = stem[: found.start()]
    return stem[:200].strip() or None


def _rows(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row that is not empty as {column: cell}, with the line on which it begins."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    columns: list[str] | None = None
    line, cells = 1, list[str]()
    for _ in range(_MAX_ROWS):
        begin = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            break
        except csv.Error as wrong:
            problems.add(begin, f"This row cannot be read and was left out ({wrong}). Check its quotation marks.")
            continue
        line = begin
        if not any(map(str.strip, cells)):
            continue
        if columns is None:
            columns = _header(cells, line, problems)
        else:
            if any(map(str.strip, cells[len(columns) :])):
                problems.add(line, "More cells than columns: the rest was left out. Quote texts that have commas.")
            yield line, {column: cell for column, cell in reversed(list(zip(columns, cells, strict=False))) if column}
    else:
        detail = f"The file has more than {_MAX_ROWS:,} rows: the rest was not read. Split the file."
        problems.add(lines.line_num, detail)
    if text.count('"') % 2 and any("\n" in cell for cell in cells):
        problems.add(line, "A quotation mark is never closed: this row holds all that is below it. Close it.")
    if columns is None:
        raise ImportFormatError(f"There is no line with the names of columns. Expected: {EXPECTED}")


def _delimiter(text: str) -> str:
    """What stands between the cells of the first line; spreadsheets of some countries save with semicolons or tabs."""
    head = text[:2000].split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _header(cells: list[str], line: int, problems: Problems) -> list[str]:
    columns = [cell.strip().upper() for cell in cells]
    missing = [column for column in ("TYPE", "CONTENT") if column not in columns]
    if missing:
        raise ImportFormatError(f"The first line has no column {' and no column '.join(missing)}. Expected: {EXPECTED}")
    unknown = [column for column in columns if column and column not in _COLUMNS]
    if unknown:
        listed = ", ".join(quote(column) for column in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        problems.add(line, f"Columns that Todoist does not write were left out: {listed}.")
    if len(set(columns) - {""}) < sum(map(bool, columns)):
        problems.add(line, "A column stands there twice: the first one was read.")
    return columns


@dataclass(slots=True)
class _Reader:
    """Reads rows in order: each one's meaning depends on the rows above it."""

    problems: Problems
    project: str | None
    now: datetime
    zone: tzinfo
    section: str | None = None
    tasks: list[ImportedTask] = field(default_factory=list)
    comments: list[list[ImportedComment]] = field(default_factory=list)
    #: The external ids of the task above and its parents, the top one first.
    ancestors: list[str] = field(default_factory=list)
    occurrences: dict[str, int] = field(default_factory=dict)
    #: Whether a note would belong to the last task.
    after_task: bool = False
    left_out: int = 0

    def read(self, line: int, row: dict[str, str]) -> None:
        kind = row.get("TYPE", "").strip().lower()
        if kind == "task":
            self._read_task(line, row)
        elif kind == "section":
            self.section = clean_line(row.get("CONTENT", ""))[:200] or None
            self.ancestors, self.after_task = [], False
        elif kind == "note":
            self._read_note(line, row)
        elif kind != "meta":
            content = quote(row.get("CONTENT", ""))
            detail = f"A row of type {quote(kind)} was left out: {content}. Write task, section or note."
            self.problems.add(line, detail, "TYPE")
            self.after_task = False

    def finish(self) -> tuple[ImportedTask, ...]:
        if self.left_out:
            detail = f"A file may hold {MAX_TASKS:,} tasks: the last {self.left_out:,} were left out. Split the file."
            self.problems.add(self.tasks[-1].line, detail)
        pairs = zip(self.tasks, self.comments, strict=True)
        return tuple(replace(task, comments=tuple(comments)) for task, comments in pairs)

    def _read_task(self, line: int, row: dict[str, str]) -> None:
        content = clean_line(row.get("CONTENT", ""))
        self.after_task = False
        if not content:
            detail = "A task without CONTENT was left out. Give it a name."
            self.problems.add(line, detail, "CONTENT")
            return
        if len(self.tasks) >= MAX_TASKS:
            self.left_out += 1
            return
        labels = tuple(dict.fromkeys(_LABEL.findall(content)))
        title = clean_line(_LABEL.sub("", content)) or content
        depth = self._depth(line, row.get("INDENT", "").strip())
        parent = self.ancestors[depth - 1] if depth else None
        external_id = self._identify(parent, title)
        self.ancestors[depth:] = [external_id]
        notes = [clean(row.get("DESCRIPTION", ""))]
        if responsible := clean_line(row.get("RESPONSIBLE", "")):
            notes.append(f"Responsible in Todoist: {responsible}")
        due, start = self._read_dates(line, row, notes)
        repetition = self._read_repetition(row)
        if repetition is not None and due is None:
            due = repetition.first
        estimate = self._read_duration(line, row, notes)
        title, description = fit(title, notes, line, self.problems)
        self.tasks.append(
            ImportedTask(
                line=line,
                external_id=external_id,
                title=title,
                description=description,
                project=self.project,
                section=self.section,
                parent_external_id=parent,
                labels=labels,
                priority=self._read_priority(line, row.get("PRIORITY", "").strip()),
                due_date=None if isinstance(due, datetime) else due,
                due_at=due if isinstance(due, datetime) else None,
                start_date=start,
                estimate_minutes=estimate,
                recurrence=None if repetition is None else repetition.rule,
                recurrence_basis="due" if repetition is None else repetition.basis,
            )
        )
        self.comments.append([])
        self.after_task = True

    def _depth(self, line: int, indent: str) -> int:
        """How many tasks stand above this one, from INDENT; at most one more than above the task before."""
        if not indent:
            return 0
        if not re.fullmatch(r"[1-9]\d?", indent, re.ASCII):
            self.problems.add(line, f"INDENT {quote(indent)} is not a number from 1: read as 1.", "INDENT")
            return 0
        depth = int(indent) - 1
        if depth > len(self.ancestors):
            detail = f"INDENT {indent} has no task of INDENT {depth} above it: read as {len(self.ancestors) + 1}."
            self.problems.add(line, detail, "INDENT")
        return min(depth, len(self.ancestors))

    def _identify(self, parent: str | None, title: str) -> str:
        path = json.dumps([[self.project, self.section] if parent is None else parent, title])
        self.occurrences[path] = self.occurrences.get(path, 0) + 1
        return "todoist:" + sha256(f"{path}{self.occurrences[path]}".encode()).hexdigest()[:32]

    def _read_priority(self, line: int, text: str) -> Priority:
        level = _PRIORITIES.get(text.lower().removeprefix("p"))
        if level is None:
            self.problems.add(line, f"PRIORITY {quote(text)} is not 1, 2, 3 or 4: read as none.", "PRIORITY")
        return level or Priority.NONE

    def _read_dates(
        self, line: int, row: dict[str, str], notes: list[str]
    ) -> tuple[date | datetime | None, date | None]:
        """Due and start. Todoist's deadline is what must be kept and its date when one means to do it: with both, the
        deadline is due and the date is the start."""
        planned = self._read_date(line, row, "DATE", notes)
        deadline = self._read_date(line, row, "DEADLINE", notes)
        if planned is None or deadline is None:
            return planned or deadline, None
        day = local_date(planned, self._zone(row)) if isinstance(planned, datetime) else planned
        last = local_date(deadline, self._zone(row)) if isinstance(deadline, datetime) else deadline
        if day <= last and not isinstance(planned, datetime):
            return deadline, day
        text = clean_line(row.get("DATE", ""))
        notes.append(f"Planned in Todoist: {text}")
        if day <= last:
            return deadline, day
        detail = f"DATE {quote(text)} is after the deadline: the deadline is due, the date is in the description."
        self.problems.add(line, detail, "DATE")
        return deadline, None

    def _read_repetition(self, row: dict[str, str]) -> Repetition | None:
        """Todoist's CSV does not say when a repeating task is due next: it is taken to be from today on."""
        return read_every(clean_line(row.get("DATE", "")), local_date(self.now, self._zone(row)))

    def _read_date(self, line: int, row: dict[str, str], column: str, notes: list[str]) -> date | datetime | None:
        text = clean_line(row.get(column, ""))
        if not text or (column == "DATE" and self._read_repetition(row) is not None):
            return None
        found = parse_date(text, now=self.now, zone=self._zone(row))
        if found is None:
            word = "Due" if column == "DATE" else "Deadline"
            notes.append(f"{word} in Todoist: {text}")
            detail = (
                f"{column} {quote(text)} is not a single day that is understood (repeating dates and languages other "
                "than English are not): it is in the description. Set the due date by hand."
            )
            self.problems.add(line, detail, column)
        return found

    def _zone(self, row: dict[str, str]) -> tzinfo:
        name = row.get("TIMEZONE", "").strip()
        zone = load_zone(name) if name else self.zone
        # `load_zone` falls back to UTC; an unreadable cell rather means the user's own zone.
        return zone if str(zone) == name else self.zone

    def _read_duration(self, line: int, row: dict[str, str], notes: list[str]) -> int | None:
        amount, unit = row.get("DURATION", "").strip(), row.get("DURATION_UNIT", "").strip().lower()
        if not amount or amount.lower() == "none":
            return None
        factor = _MINUTES.get(unit.removesuffix("s") or "minute")
        if factor and re.fullmatch(r"\d{1,6}", amount, re.ASCII) and 0 < int(amount) * factor <= MAX_ESTIMATE_MINUTES:
            return int(amount) * factor
        text = clean_line(f"{amount} {unit}")
        notes.append(f"Duration in Todoist: {text}")
        detail = (
            f"DURATION {quote(text)} is not a number of minutes, hours or days up to a year: it is in the description."
        )
        self.problems.add(line, detail, "DURATION")
        return None

    def _read_note(self, line: int, row: dict[str, str]) -> None:
        body = _FILE.sub(_describe_file, clean(row.get("CONTENT", "")))
        if not body:
            self.problems.add(line, "An empty note was left out.", "CONTENT")
            return
        if not self.after_task:
            detail = f"The note {quote(body)} has no task above it and was left out. Copy it to where it belongs."
            self.problems.add(line, detail, "TYPE")
            return
        if len(body) > MAX_DESCRIPTION:
            detail = f"A note is longer than {MAX_DESCRIPTION:,} characters: its end was left out."
            self.problems.add(line, detail, "CONTENT")
        written = parse_date(row.get("DATE", ""), now=self.now, zone=self._zone(row))
        self.comments[-1].append(
            ImportedComment(
                body[:MAX_DESCRIPTION],
                written if isinstance(written, datetime) else None,
                _USER.sub("", clean_line(row.get("AUTHOR", "")))[:200],
            )
        )


def _describe_file(found: re.Match[str]) -> str:
    """An attachment as name and address: Todoist keeps the file, TaskFlow keeps the way to it."""
    try:
        attached = json.loads(found[1])
    except (ValueError, RecursionError):
        return found[0]
    name, address = attached.get("file_name"), attached.get("file_url")
    return f"{name}: {address}" if isinstance(name, str) and isinstance(address, str) else found[0]
