"""Vikunja's export: the zip that "Settings → Export your data" sends, or the `data.json` in it.

Projects hold their tasks. A bucket is a label, or a status where its name says so. Priorities are 0 (none) to 5.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from taskflow.domain.importers.archives import unpack
from taskflow.domain.importers.html_text import plain
from taskflow.domain.importers.json_documents import (
    Record,
    cut,
    line_of,
    load_document,
    moment_of,
    number_of,
    objects,
    parents_first,
    text_of,
)
from taskflow.domain.importers.records import (
    MAX_COMMENTS,
    MAX_REMINDERS,
    MAX_TASKS,
    Basis,
    ImportedComment,
    ImportedReminder,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
    Status,
)
from taskflow.domain.importers.texts import clean, fit
from taskflow.domain.importers.trello import read_column
from taskflow.domain.priority import Priority
from taskflow.domain.zones import load_zone, local_date

EXPECTED: Final = (
    "the zip of Vikunja's Settings, Export your data (or the data.json in it), an array of projects with their tasks."
)
SOURCE: Final = "Vikunja"
_PRIORITIES: Final = (
    *(Priority.NONE, Priority.LOW, Priority.MEDIUM, Priority.HIGH),
    *(Priority.URGENT, Priority.URGENT),
)
_ID: Final = re.compile(r"[0-9]{1,18}")
_DAY: Final = 86_400
#: Vikunja's modes of repeating: after an interval, each month, and an interval from when it was done.
_MONTHLY, _FROM_DONE = 1, 2


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The tasks of an export; see `Importer`. `line` is the number of the task in the file, `external_id` Vikunja's."""
    del name, now
    problems = Problems()
    document = load_document(unpack(data, "data.json", EXPECTED), problems, expected=EXPECTED)
    projects = document if isinstance(document, list) else [document]
    if not any("tasks" in project for project in objects(projects)):
        raise ImportFormatError(f"No project with tasks was found. Expected: {EXPECTED}")
    reader = _Reader(problems, timezone)
    for project in objects(projects):
        reader.read_project(project)
    return ParsedImport(reader.finish(), problems.collect())


@dataclass(slots=True)
class _Reader:
    """Reads projects in order."""

    problems: Problems
    timezone: str
    tasks: dict[str, ImportedTask] = field(default_factory=dict)
    #: blocked → blockers, as the blockers tell it.
    blocked: dict[str, list[str]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    line: int = 0
    left_out: int = 0

    def read_project(self, project: Mapping[str, Any]) -> None:
        title = line_of(project.get("title"))[:200]
        buckets = {text_of(each.get("id")): line_of(each.get("title")) for each in objects(project.get("buckets"))}
        tasks = project.get("tasks")
        for raw in tasks if isinstance(tasks, list) else []:
            self.line += 1
            if isinstance(raw, dict):
                self._read(Record(self.line, raw, self.problems, SOURCE), title or None, buckets)
            else:
                self.problems.add(self.line, "This task is not an object and was left out.")

    def _read(self, record: Record, project: str | None, buckets: Mapping[str, str]) -> None:
        raw, title = record.raw, record.line_text("title")
        external_id = text_of(raw.get("id"))
        if not title:
            self.problems.add(record.line, "A task without a title was left out. Give it one.", "title")
            return
        if not _ID.fullmatch(external_id):
            self.problems.add(record.line, "A task without an id was left out: it would come again and again.", "id")
            return
        if external_id in self.tasks:
            self.problems.add(record.line, f"The id {external_id} stands there twice: left out.", "id")
            return
        if len(self.tasks) >= MAX_TASKS:
            self.left_out += 1
            return
        status, section = read_column(buckets.get(text_of(raw.get("bucket_id")), ""))
        status = "done" if raw.get("done") is True else "todo" if status == "done" else status
        if status == "todo" and 0 < number_of(raw.get("percent_done")) < 1:
            status = "in_progress"
        self._relate(external_id, raw.get("related_tasks"))
        self.tasks[external_id] = self._task(record, external_id, title, project, section, status)

    def _relate(self, external_id: str, related: object) -> None:
        if not isinstance(related, dict):
            return
        for kind, others in related.items():
            for other in (text_of(each.get("id")) for each in objects(others)):
                if kind == "blocked":
                    self.blocked.setdefault(external_id, []).append(other)
                elif kind == "blocking":
                    self.blocked.setdefault(other, []).append(external_id)
                elif kind == "parenttask":
                    self.parents.setdefault(external_id, other)
                elif kind == "subtask":
                    self.parents.setdefault(other, external_id)

    def _task(
        self, record: Record, external_id: str, title: str, project: str | None, section: str | None, status: Status
    ) -> ImportedTask:
        raw = record.raw
        due, start = record.moment("due_date"), record.moment("start_date")
        due_date = self._whole_day(due)
        end = record.moment("end_date")
        record.note("End", f"{end:%Y-%m-%d %H:%M} UTC" if end else "")
        rule, basis = self._repetition(record)
        names = (line_of(each.get("name")) or line_of(each.get("username")) for each in objects(raw.get("assignees")))
        record.note("Assignees", ", ".join(filter(None, names)))
        reminders = tuple(self._reminders(raw))
        priority = int(number_of(raw.get("priority")))
        if not 0 <= priority < len(_PRIORITIES):
            self.problems.add(record.line, f"The priority {priority} is not 0 to 5: read as none.", "priority")
            priority = 0
        description = clean(plain(text_of(raw.get("description"))))
        title, description = fit(title, [description, *record.notes], record.line, self.problems)
        labels = (line_of(each.get("title")).replace(",", " ") for each in objects(raw.get("labels")))
        return ImportedTask(
            line=record.line,
            external_id=external_id,
            title=title,
            description=description,
            project=project,
            section=section,
            labels=tuple(dict.fromkeys(filter(None, labels))),
            status=status,
            priority=_PRIORITIES[priority],
            due_date=due_date,
            due_at=None if due_date else due,
            start_date=None if start is None else local_date(start, load_zone(self.timezone)),
            created_at=moment_of(raw.get("created")),
            completed_at=moment_of(raw.get("done_at")) if status == "done" else None,
            recurrence=rule,
            recurrence_basis=basis,
            reminders=reminders,
            comments=tuple(self._comments(record))[:MAX_COMMENTS],
        )

    def _whole_day(self, moment: datetime | None) -> date | None:
        """Vikunja knows no all-day dates: midnight in the user's zone, or the second before it, stands for them."""
        if moment is None:
            return None
        try:
            local = moment.astimezone(load_zone(self.timezone))
        except OverflowError:
            return None
        return local.date() if (local.hour, local.minute, local.second) in ((0, 0, 0), (23, 59, 59)) else None

    def _repetition(self, record: Record) -> tuple[str | None, Basis]:
        seconds, mode = int(number_of(record.raw.get("repeat_after"))), int(number_of(record.raw.get("repeat_mode")))
        if mode == _MONTHLY:
            return record.rule("FREQ=MONTHLY"), "due"
        if seconds <= 0:
            return None, "due"
        days, rest = divmod(seconds, _DAY)
        if rest or not days:
            every = str(timedelta(seconds=seconds))
            record.note("Repeats every", every)
            detail = f"It repeats every {every}, which is not whole days: that is in the description."
            self.problems.add(record.line, detail, "repeat_after")
            return None, "due"
        weeks, odd = divmod(days, 7)
        rule = f"FREQ=DAILY;INTERVAL={days}" if odd else f"FREQ=WEEKLY;INTERVAL={weeks}"
        return record.rule(rule.removesuffix(";INTERVAL=1")), "completion" if mode == _FROM_DONE else "due"

    def _reminders(self, raw: Mapping[str, Any]) -> Iterator[ImportedReminder]:
        for each in objects(raw.get("reminders"))[:MAX_REMINDERS]:
            at, before = moment_of(each.get("reminder")), -number_of(each.get("relative_period"))
            if each.get("relative_to") == "due_date" and 0 <= before <= 366 * _DAY:
                yield ImportedReminder(minutes_before=int(before // 60))
            elif at is not None:
                yield ImportedReminder(at=at)

    def _comments(self, record: Record) -> Iterator[ImportedComment]:
        for each in objects(record.raw.get("comments")):
            author = each.get("author")
            author = author if isinstance(author, dict) else {}
            body = cut(plain(text_of(each.get("comment"))), record.line, self.problems)
            if body:
                name = line_of(author.get("name")) or line_of(author.get("username"))
                yield ImportedComment(body, moment_of(each.get("created")), name[:200])

    def finish(self) -> tuple[ImportedTask, ...]:
        if self.left_out:
            detail = f"A file may hold {MAX_TASKS:,} tasks: {self.left_out:,} were left out. Export fewer projects."
            self.problems.add(self.line, detail)
        linked = []
        for task in self.tasks.values():
            parent = self.parents.get(task.external_id)
            blockers = dict.fromkeys(
                each for each in self.blocked.get(task.external_id, ()) if each != task.external_id
            )
            known = tuple(each for each in blockers if each in self.tasks)
            linked.append(replace(task, parent_external_id=parent if parent in self.tasks else None, depends_on=known))
        return parents_first(linked, self.problems)
