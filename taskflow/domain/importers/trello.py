"""Trello's JSON: what "Print, export, and share → Export as JSON" of a board's menu writes.

A board is a project. A list is a status where its name says so (`Doing`, `Done`), else a label. An item of a checklist
is a subtask. An archived card that was not done is cancelled.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final

from taskflow.domain.importers.json_documents import Record, cut, line_of, load_document, moment_of, number_of, objects
from taskflow.domain.importers.json_documents import text_of as text
from taskflow.domain.importers.records import (
    MAX_COMMENTS,
    MAX_LABEL,
    MAX_TASKS,
    ImportedComment,
    ImportedTask,
    ImportFormatError,
    ParsedImport,
    Problems,
    Status,
)
from taskflow.domain.importers.texts import clean, fit
from taskflow.domain.zones import load_zone, local_date

EXPECTED: Final = (
    "the JSON of a Trello board (open the board's menu, Print, export, and share, Export as JSON), an object with "
    '"lists" and "cards".'
)
SOURCE: Final = "Trello"
_DONE: Final = re.compile(r"(done|completed?|finished|closed|shipped|erledigt|fertig)\W*", re.IGNORECASE)
_DOING: Final = re.compile(r"(doing|in progress|in arbeit|wip|started|working on( it)?)\W*", re.IGNORECASE)
_TODO: Final = re.compile(r"(to[ -]?do|backlog|inbox|open|offen|next)\W*", re.IGNORECASE)
_ID: Final = re.compile(r"[0-9a-f]{24}")
_MOST_LINKS: Final = 50


def parse(data: bytes, *, name: str, now: datetime, timezone: str) -> ParsedImport:
    """The cards of a board; see `Importer`. `line` is the number of the card in the file, `external_id` Trello's id."""
    del name, now
    problems = Problems()
    board = load_document(data, problems, expected=EXPECTED)
    if not isinstance(board, dict) or not isinstance(board.get("cards"), list) or "lists" not in board:
        raise ImportFormatError(f"This is no board of Trello. Expected: {EXPECTED}")
    reader = _Board(board, problems, timezone)
    for line, card in enumerate(board["cards"], start=1):
        if isinstance(card, dict):
            reader.read(line, card)
        else:
            problems.add(line, "This card is not an object and was left out.")
    return ParsedImport(reader.finish(), problems.collect())


@dataclass(slots=True)
class _Board:
    """Reads cards; what hangs on them stands elsewhere in the document, and is looked up by the card's id."""

    board: Mapping[str, Any]
    problems: Problems
    timezone: str
    project: str | None = field(init=False)
    lists: dict[str, dict[str, Any]] = field(init=False)
    members: dict[str, str] = field(init=False)
    labels: dict[str, str] = field(init=False)
    checklists: dict[str, list[dict[str, Any]]] = field(init=False)
    comments: dict[str, list[ImportedComment]] = field(init=False)
    cards: dict[str, tuple[tuple[float, float], list[ImportedTask]]] = field(default_factory=dict)
    count: int = 0
    left_out: int = 0

    def __post_init__(self) -> None:
        board = self.board
        self.project = line_of(board.get("name"))[:200] or None
        self.lists = {text(each.get("id")): each for each in objects(board.get("lists"))}
        self.members = {
            text(each.get("id")): line_of(each.get("fullName")) or line_of(each.get("username"))
            for each in objects(board.get("members"))
        }
        self.labels = {text(each.get("id")): _label(each) for each in objects(board.get("labels"))}
        self.checklists = defaultdict(list)
        for each in sorted(objects(board.get("checklists")), key=lambda each: number_of(each.get("pos"))):
            self.checklists[text(each.get("idCard"))].append(each)
        self.comments = defaultdict(list)
        for action in objects(board.get("actions")):
            if action.get("type") in ("commentCard", "copyCommentCard"):
                self._read_comment(action)

    def _read_comment(self, action: Mapping[str, Any]) -> None:
        content = action.get("data")
        content = content if isinstance(content, dict) else {}
        card, creator = content.get("card"), action.get("memberCreator")
        body = cut(text(content.get("text")), 1, self.problems)
        author = creator if isinstance(creator, dict) else {}
        if body and isinstance(card, dict):
            name = line_of(author.get("fullName")) or line_of(author.get("username"))
            comment = ImportedComment(body, moment_of(action.get("date")), name[:200])
            self.comments[text(card.get("id"))].append(comment)

    def read(self, line: int, card: dict[str, Any]) -> None:
        record = Record(line, card, self.problems, SOURCE)
        title = record.line_text("name")
        identity = text(card.get("id"))
        if not title:
            self.problems.add(line, "A card without a name was left out. Give it one.", "name")
            return
        external_id = (
            identity if _ID.fullmatch(identity) else f"digest:{sha256(f'{identity}:{title}'.encode()).hexdigest()}"
        )
        if external_id in self.cards:
            self.problems.add(line, f"The id {external_id} stands there twice: this card was left out.", "id")
            return
        if not self._has_room():
            return
        column = self.lists.get(text(card.get("idList")), {})
        task = self._card(record, external_id, title, column)
        place = (number_of(column.get("pos")), number_of(card.get("pos")))
        self.cards[external_id] = (place, [task, *self._items(record, task)])

    def _has_room(self) -> bool:
        self.count += 1
        self.left_out += self.count > MAX_TASKS
        return self.count <= MAX_TASKS

    def _card(self, record: Record, external_id: str, title: str, column: Mapping[str, Any]) -> ImportedTask:
        card = record.raw
        status, section = read_column(line_of(column.get("name")))
        if card.get("dueComplete") is True:
            status = "done"
        archived = card.get("closed") is True or column.get("closed") is True
        if archived and status != "done":
            status = "cancelled"
            record.notes.append("Archived in Trello")
        due, start = record.moment("due"), record.moment("start")
        record.note("Members", ", ".join(filter(None, (self.members.get(text(m)) for m in _listed(card, "idMembers")))))
        links = [line_of(each.get("url")) for each in objects(card.get("attachments"))[:_MOST_LINKS]]
        record.note("Attachments", " ".join(link for link in links if link.startswith(("https://", "http://"))))
        record.note("Card", record.line_text("shortUrl") or record.line_text("url"))
        title, description = fit(title, [clean(text(card.get("desc"))), *record.notes], record.line, self.problems)
        comments = sorted(
            self.comments.get(text(card.get("id")), ()),
            key=lambda each: (each.created_at is None, str(each.created_at)),
        )
        return ImportedTask(
            line=record.line,
            external_id=external_id,
            title=title,
            description=description,
            project=self.project,
            section=section,
            labels=self._labels(card),
            status=status,
            due_at=due,
            start_date=self._day(start),
            created_at=_made_at(external_id),
            completed_at=moment_of(card.get("dateLastActivity")) if status == "done" else None,
            comments=tuple(comments[:MAX_COMMENTS]),
        )

    def _labels(self, card: Mapping[str, Any]) -> tuple[str, ...]:
        given = [_label(each) for each in objects(card.get("labels"))]
        if not given:
            given = [self.labels.get(text(each), "") for each in _listed(card, "idLabels")]
        return tuple(dict.fromkeys(name for name in given if name))

    def _items(self, record: Record, card: ImportedTask) -> list[ImportedTask]:
        """The items of the card's checklists, each a subtask."""
        lists = self.checklists.get(text(record.raw.get("id")), [])
        items: list[ImportedTask] = []
        for checklist in lists:
            named = line_of(checklist.get("name"))
            heading = [f"Checklist in Trello: {named}"] if named and named.lower() != "checklist" else []
            for item in sorted(objects(checklist.get("checkItems")), key=lambda each: number_of(each.get("pos"))):
                title = line_of(item.get("name"))
                if not title:
                    self.problems.add(record.line, "An item of a checklist without a name was left out.", "checkItems")
                    continue
                if not self._has_room():
                    continue
                own = Record(record.line, item, self.problems, SOURCE, list(heading))
                due = own.moment("due")
                title, description = fit(title, own.notes, record.line, self.problems)
                done = item.get("state") == "complete"
                identity = text(item.get("id"))
                place = f"{card.external_id}:{identity or f'{named}:{title}:{len(items)}'}"
                items.append(
                    ImportedTask(
                        line=record.line,
                        external_id=f"item:{sha256(place.encode()).hexdigest()}",
                        title=title,
                        description=description,
                        project=self.project,
                        parent_external_id=card.external_id,
                        status="done" if done else "cancelled" if card.status == "cancelled" else "todo",
                        due_at=due,
                        created_at=_made_at(identity) or card.created_at,
                    )
                )
        return list({item.external_id: item for item in items}.values())

    def _day(self, moment: datetime | None) -> date | None:
        return None if moment is None else local_date(moment, load_zone(self.timezone))

    def finish(self) -> tuple[ImportedTask, ...]:
        if self.left_out:
            detail = (
                f"A file may hold {MAX_TASKS:,} tasks: {self.left_out:,} were left out. Archive and split the board."
            )
            self.problems.add(len(self.cards), detail)
        ordered = sorted(self.cards.values(), key=lambda each: each[0])
        return tuple(task for _, tasks in ordered for task in tasks)


def read_column(name: str) -> tuple[Status, str | None]:
    """The status that a list's name says, and the name where it says something else."""
    if _DONE.fullmatch(name):
        return "done", None
    if _DOING.fullmatch(name):
        return "in_progress", None
    return "todo", None if not name or _TODO.fullmatch(name) else name


def _label(raw: Mapping[str, Any]) -> str:
    return (line_of(raw.get("name")) or line_of(raw.get("color")))[:MAX_LABEL].replace(",", " ").strip()


def _listed(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    return value if isinstance(value, list) else []


def _made_at(identity: str) -> datetime | None:
    """Trello's ids begin with the second in which they were made, in hexadecimal."""
    return datetime.fromtimestamp(int(identity[:8], 16), UTC) if _ID.fullmatch(identity) else None
