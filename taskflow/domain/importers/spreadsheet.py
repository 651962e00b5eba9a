"""CSV of any spreadsheet: a line with the names of columns, then a task a row.

Columns are found by what people call them, in any order and case; `title` alone is needed. A row is known again by its
`id` column, or by a digest of its project and title where there is none.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from hashlib import sha256
from typing import Final, TypeVar

from taskflow.domain.importers.english_dates import parse_date
from taskflow.domain.importers.json_documents import check_rule
from taskflow.domain.importers.records import (
    MAX_ESTIMATE_MINUTES,
    MAX_EXTERNAL_ID,
    MAX_LABEL,
    MAX_TASKS,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
    Status,
)
from taskflow.domain.importers.texts import clean, clean_line, fit, quote
from taskflow.domain.priority import Priority
from taskflow.domain.zones import load_zone, local_date

EXPECTED: Final = (
    "a CSV file whose first line names the columns, among them title (or name, task, summary, subject); saved as UTF-8 "
    "with commas, semicolons or tabs."
)
SOURCE: Final = "the list"
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "title": ("title", "name", "task", "taskname", "tasktitle", "summary", "subject", "content", "todo", "titel"),
    "description": ("description", "notes", "note", "details", "body", "comment", "comments", "beschreibung"),
    "status": ("status", "state", "completed", "done", "iscompleted", "complete", "column", "section"),
    "priority": ("priority", "prio", "importance", "priorität"),
    "due": ("due", "duedate", "deadline", "dueat", "dueon", "date", "enddate", "fällig"),
    "time": ("time", "duetime"),
    "start": ("start", "startdate", "starton", "begin", "scheduled", "defer", "deferdate"),
    "labels": ("labels", "label", "tags", "tag", "categories", "category", "context", "contexts"),
    "project": ("project", "projectname", "list", "listname", "folder", "board", "projekt"),
    "parent": ("parent", "parenttask", "parentid", "subtaskof"),
    "estimate": ("estimate", "estimateminutes", "estimatedminutes", "duration", "minutes", "durationminutes"),
    "id": ("id", "externalid", "taskid", "uid", "uuid", "key", "identifier", "issuekey", "gid"),
    "created": ("created", "createdat", "createddate", "dateadded", "creationdate"),
    "finished": ("completedat", "completeddate", "completiondate", "finishedat", "completedon", "closedat"),
    "recurrence": ("recurrence", "rrule", "repeat", "repeats"),
}
_COLUMNS: Final = {name: field for field, names in _NAMES.items() for name in names}
_STATUSES: Final[dict[str, Status]] = {
    **dict.fromkeys(
        ("", "todo", "open", "new", "pending", "backlog", "notstarted", "needsaction", "incomplete"), "todo"
    ),
    **dict.fromkeys(("false", "no", "0", "n", "offen", "next", "waiting", "planned", "active"), "todo"),
    **dict.fromkeys(("inprogress", "doing", "started", "inprocess", "wip", "ongoing", "inarbeit"), "in_progress"),
    **dict.fromkeys(("done", "completed", "complete", "finished", "closed", "resolved", "erledigt"), "done"),
    **dict.fromkeys(("true", "yes", "1", "x", "y", "✓", "✔", "checked"), "done"),
    **dict.fromkeys(("cancelled", "canceled", "deleted", "dropped", "wontdo", "wontfix", "archived"), "cancelled"),
}
_PRIORITIES: Final = {
    **dict.fromkeys(("", "none", "no", "normal", "0", "p4", "p5", "4", "5", "-"), Priority.NONE),
    **dict.fromkeys(("low", "lowest", "minor", "trivial", "l", "niedrig"), Priority.LOW),
    **dict.fromkeys(("medium", "middle", "m", "p3", "3", "major", "mittel"), Priority.MEDIUM),
    **dict.fromkeys(("high", "h", "important", "p2", "2", "hoch", "!"), Priority.HIGH),
    **dict.fromkeys(("urgent", "highest", "critical", "blocker", "p1", "1", "asap", "!!", "!!!"), Priority.URGENT),
}
_HINT: Final = "Write 2026-12-01, 2026-12-01 17:30, 1 Dec 2026 or 31.12.2026"
_POINTS: Final = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:,?\s+(.+))?", re.ASCII)
_SLASHES: Final = re.compile(r"(\d{1,4})/(\d{1,2})/(\d{1,4})(?:,?\s+(.+))?", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})?\s*([ap]m)?", re.ASCII | re.IGNORECASE)
_MINUTES: Final = re.compile(r"(\d{1,6})(?:\.0+)?\s*(m|min|mins|minutes?|h|hours?|d|days?)?", re.ASCII | re.IGNORECASE)
_FACTORS: Final = {"m": 1, "h": 60, "d": 1440}
_SEPARATORS: Final = re.compile(r"[,;|\n]")
#: What an export puts before a cell that a spreadsheet would take for a formula.
_GUARD: Final = re.compile(r"^'(?=[=+\-@\t\r])")
_MAX_ROWS: Final = 10 * MAX_TASKS
_MAX_COLUMNS: Final = 200

Choice = TypeVar("Choice")


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The tasks of a spreadsheet; see `Importer`. `line` is the line of the file on which the row begins."""
    del name
    problems = Problems()
    text = _decode(data, problems)
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter, problems)
    first = next(rows, None)
    if first is None:
        raise ImportFormatError(f"There is no line with the names of columns. Expected: {EXPECTED}")
    columns = _read_columns(first[1], first[0], problems)
    reader = _Reader(problems, load_zone(timezone), now, _slash_order(text))
    for line, cells in rows:
        if any(map(str.strip, cells[len(columns) :])):
            problems.add(line, "More cells than columns: the rest was left out. Quote texts that have commas.")
        pairs = zip(columns, cells, strict=False)
        reader.read(line, {column: _GUARD.sub("", cell) for column, cell in pairs if column})
    return ParsedImport(reader.finish(), problems.collect())


def _decode(data: bytes, problems: Problems) -> str:
    """UTF-8, UTF-16 with or without its mark, or what Windows writes in the west (cp1252), with a note."""
    text = None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif data[1:2] == b"\0" and data[:1].isascii():
        encodings = ["utf-16-le"]
    elif data[:1] == b"\0":
        encodings = ["utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            problems.add(1, "The file is not UTF-8: it was read as Windows-1252. Look at letters with accents.")
        break
    if text is None:
        raise ImportFormatError(f"The file is no text that can be read: save it as UTF-8. Expected: {EXPECTED}")
    if not text.strip():
        raise ImportFormatError(f"The file is empty. Expected: {EXPECTED}")
    if text.count("\0"):
        problems.add(1, f"{text.count(chr(0))} NUL characters were left out.")
    return text.replace("\0", "")


def _delimiter(text: str) -> str:
    """Excel's first line `sep=;` says it; else what stands most often in the first line."""
    head = text.lstrip()[:5000].split("\n", 1)[0]
    if found := re.fullmatch(r"sep=(.)\r?", head, re.IGNORECASE):
        return found[1] if found[1] in ",;\t|" else ","
    return max(",;\t|", key=head.count)


def _rows(text: str, delimiter: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    cells: list[str] = []
    begin = 1
    for _ in range(_MAX_ROWS):
        begin = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            break
        except csv.Error as wrong:
            problems.add(begin, f"This row cannot be read and was left out ({wrong}). Check its quotation marks.")
            continue
        if begin == 1 and re.fullmatch(r"sep=.?", "".join(cells[:1]).strip(), re.IGNORECASE):
            continue
        if any(map(str.strip, cells)):
            yield begin, cells
    else:
        problems.add(begin, f"The file has more than {_MAX_ROWS:,} rows: the rest was not read. Split the file.")
    if text.count('"') % 2 and any("\n" in cell for cell in cells):
        problems.add(begin, "A quotation mark is never closed: this row holds all that is below it. Close it.")


def _read_columns(cells: list[str], line: int, problems: Problems) -> list[str]:
    """What each column is ("" for one that is left out)."""
    columns: list[str] = []
    unknown = []
    for cell in cells[:_MAX_COLUMNS]:
        name = _COLUMNS.get(_squeeze(cell), "")
        if not name and cell.strip():
            unknown.append(cell)
        # "Status" counts before "Completed", whichever comes first, as both name it; the first of equals is read.
        columns.append("" if name in columns else name)
    if "title" not in columns:
        named = ", ".join(quote(cell[:50]) for cell in cells[:5] if cell.strip())
        raise ImportFormatError(f"No column is called title, name or task (there are: {named}). Expected: {EXPECTED}")
    if unknown:
        listed = ", ".join(quote(cell[:50]) for cell in unknown[:5]) + (", …" if len(unknown) > 5 else "")
        problems.add(line, f"Columns of unknown names were left out: {listed}.")
    return columns


def _squeeze(text: str) -> str:
    return re.sub(r"[^\w✓✔!-]|_", "", clean_line(text).lower()).replace("-", "") or clean_line(text)


def _slash_order(text: str) -> str:
    """Whether 3/4/2026 is in March or in April: as the dates of this file that can only be read one way say."""
    pairs = [(int(a), int(b)) for a, b in re.findall(r"\b(\d{1,2})/(\d{1,2})/\d{4}\b", text[:1_000_000], re.ASCII)]
    month_first = any(12 < second <= 31 for _, second in pairs)
    day_first = any(12 < first <= 31 for first, _ in pairs)
    return "" if month_first == day_first else "month" if month_first else "day"


@dataclass(slots=True)
class _Reader:
    """Reads rows in order."""

    problems: Problems
    zone: tzinfo
    now: datetime
    slashes: str
    tasks: dict[str, ImportedTask] = field(default_factory=dict)
    #: What a `parent` cell may name: ids, and titles in a project.
    named: dict[tuple[str | None, str], str] = field(default_factory=dict)
    left_out: int = 0

    def read(self, line: int, row: dict[str, str]) -> None:
        title = clean_line(row.get("title", ""))
        if not title:
            self.problems.add(line, "A row without a title was left out. Give it one.", "title")
            return
        project = clean_line(row.get("project", ""))[:200] or None
        given = clean_line(row.get("id", ""))
        external_id = self._identify(given, project, title)
        if external_id in self.tasks:
            what = f"The id {quote(given)}" if given else "The same title in the same project"
            self.problems.add(line, f"{what} stands there twice: this row was left out. Add a column id.", "id")
            return
        if len(self.tasks) >= MAX_TASKS:
            self.left_out += 1
            return
        parent = self._parent(line, clean_line(row.get("parent", "")), project)
        self.tasks[external_id] = self._task(line, row, external_id, title, project, parent)
        self.named.setdefault((project, title), external_id)
        if given:
            self.named.setdefault((None, f"id:{given}"), external_id)

    def _identify(self, given: str, project: str | None, title: str) -> str:
        if given and len(given) <= MAX_EXTERNAL_ID - 3:
            return f"id:{given}"
        known = json.dumps([given] if given else [project, title])
        return f"digest:{sha256(known.encode()).hexdigest()}"

    def _parent(self, line: int, text: str, project: str | None) -> str | None:
        if not text:
            return None
        found = self.named.get((None, f"id:{text}")) or self.named.get((project, text))
        if found is None:
            detail = f"The parent {quote(text)} is neither the id nor the title of a row above: it stands alone."
            self.problems.add(line, detail, "parent")
        return found

    def _task(
        self, line: int, row: dict[str, str], external_id: str, title: str, project: str | None, parent: str | None
    ) -> ImportedTask:
        notes = [clean(row.get("description", ""))]
        status = self._choice(line, row, "status", _STATUSES, notes) or "todo"
        priority = self._choice(line, row, "priority", _PRIORITIES, notes) or Priority.NONE
        finished = self._moment(self._date(line, row, "finished", notes))
        if finished is not None and status in ("todo", "in_progress"):
            status = "done"
        due = self._timed(line, self._date(line, row, "due", notes), clean_line(row.get("time", "")), notes)
        start = self._date(line, row, "start", notes)
        title, description = fit(title, [*notes, *self._estimate_note(line, row)], line, self.problems)
        rule_notes: list[str] = []
        rule = check_rule(clean_line(row.get("recurrence", "")), line, self.problems, rule_notes, SOURCE)
        return ImportedTask(
            line=line,
            external_id=external_id,
            title=title,
            description="\n\n".join(filter(None, [description, *rule_notes])),
            project=project,
            parent_external_id=parent,
            labels=self._labels(row),
            status=status,
            priority=priority,
            due_date=due if not isinstance(due, datetime) else None,
            due_at=due if isinstance(due, datetime) else None,
            start_date=local_date(start, self.zone) if isinstance(start, datetime) else start,
            estimate_minutes=self._estimate(row),
            created_at=self._moment(self._date(line, row, "created", notes)),
            completed_at=finished if status == "done" else None,
            recurrence=rule,
        )

    def _choice(
        self, line: int, row: dict[str, str], name: str, known: Mapping[str, Choice], notes: list[str]
    ) -> Choice | None:
        text = clean_line(row.get(name, ""))
        found = known.get(_squeeze(text) if text else "")
        if found is None:
            notes.append(f"{name.capitalize()}: {text}")
            self.problems.add(line, f"The {name} {quote(text)} is not understood: it is in the description.", name)
        return found

    def _labels(self, row: dict[str, str]) -> tuple[str, ...]:
        parts = (clean_line(part).lstrip("#@").strip() for part in _SEPARATORS.split(row.get("labels", "")))
        return tuple(dict.fromkeys(part[:MAX_LABEL] for part in parts if part))

    def _date(self, line: int, row: dict[str, str], name: str, notes: list[str]) -> date | datetime | None:
        text = clean_line(row.get(name, ""))
        if not text:
            return None
        found = self._parse_date(text)
        if found is None:
            notes.append(f"{name.capitalize()}: {text[:200]}")
            self.problems.add(
                line, f"The date {quote(text)} in {name} is not understood: it is in the description. {_HINT}.", name
            )
        return found

    def _parse_date(self, text: str) -> date | datetime | None:
        try:
            if found := _POINTS.fullmatch(text):
                return self._at(date(int(found[3]), int(found[2]), int(found[1])), found[4])
            if found := _SLASHES.fullmatch(text):
                a, b, c = int(found[1]), int(found[2]), int(found[3])
                if len(found[1]) == 4:
                    return self._at(date(a, b, c), found[4])
                if len(found[3]) != 4 or not (self.slashes or a > 12 or b > 12 or a == b):
                    return None
                day, month = (b, a) if self.slashes == "month" or (not self.slashes and b > 12) else (a, b)
                return self._at(date(c, month, day), found[4])
        except ValueError:
            return None
        return parse_date(text, now=self.now, zone=self.zone)

    def _at(self, day: date, clock: str | None) -> date | datetime | None:
        if not clock:
            return day
        moment = _read_clock(clock)
        return None if moment is None else self._in_utc(day, moment)

    def _in_utc(self, day: date, moment: time) -> datetime | None:
        try:
            return datetime.combine(day, moment, tzinfo=self.zone).astimezone(UTC)
        except OverflowError:
            return None

    def _timed(self, line: int, due: date | datetime | None, clock: str, notes: list[str]) -> date | datetime | None:
        """A due date with the time that stands in a column of its own."""
        if not clock or due is None or isinstance(due, datetime):
            return due
        moment = _read_clock(clock)
        timed = None if moment is None else self._in_utc(due, moment)
        if timed is None:
            notes.append(f"Time: {clock[:200]}")
            detail = f"The time {quote(clock)} is not understood: it is in the description. Write 17:30."
            self.problems.add(line, detail, "time")
        return timed or due

    def _moment(self, found: date | datetime | None) -> datetime | None:
        if found is None or isinstance(found, datetime):
            return found
        return self._in_utc(found, time(0))

    def _estimate(self, row: dict[str, str]) -> int | None:
        found = _MINUTES.fullmatch(clean_line(row.get("estimate", "")))
        minutes = int(found[1]) * _FACTORS[(found[2] or "m")[0].lower()] if found else 0
        return minutes if 0 < minutes <= MAX_ESTIMATE_MINUTES else None

    def _estimate_note(self, line: int, row: dict[str, str]) -> list[str]:
        text = clean_line(row.get("estimate", ""))
        if not text or self._estimate(row) is not None or re.fullmatch(r"0+", text):
            return []
        detail = (
            f"The estimate {quote(text)} is no number of minutes, hours or days up to a year: it is in the description."
        )
        self.problems.add(line, detail, "estimate")
        return [f"Estimate: {text[:200]}"]

    def finish(self) -> tuple[ImportedTask, ...]:
        if self.left_out:
            detail = f"A file may hold {MAX_TASKS:,} tasks: the last {self.left_out:,} were left out. Split the file."
            self.problems.add(max(task.line for task in self.tasks.values()), detail)
        return tuple(self.tasks.values())


def _read_clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text.strip())
    if found is None or (found[2] is None and not found[3]):
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
