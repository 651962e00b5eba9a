"""`#project @label /assignee p1 !high`, and what only looks like one of them."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from taskflow.domain.priority import Priority
from taskflow.domain.quick_add.line import TAKEN, Line

#: References of visible projects by folded name and key, and the members (folded name → username) of a project.
Projects = Mapping[str, str]
Members = Callable[[str | None], Mapping[str, str]]

_PRIORITIES: Final = {
    "p1": Priority.URGENT,
    "p2": Priority.HIGH,
    "p3": Priority.MEDIUM,
    "p4": Priority.NONE,
} | {f"!{level.value}": level for level in Priority}
_PRIORITY = re.compile(r"(?<![^\s\x00(])(?:p[1-4]|!(?:urgent|high|medium|low|none))(?![^\s,.;:!?)])")
_HASH = re.compile(r"(?<![^\s\x00(])#(?=\w)")
_LABEL = re.compile(r"(?<![^\s\x00(])@(?:\"([^\"@#]{1,100})\"|(\w(?:[\w.&+-]*\w)?))(?![\w@/])")
_ASSIGNEE = re.compile(r"(?<![^\s\x00(])/(\w(?:[\w.-]*\w)?)(?![\w/])")
_CLOCK = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?(?:am|pm)?|noon|midnight")
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"\w[\w-]*")
#: An issue, an order: no project.
_NUMBERED = re.compile(r"[0-9-]+")
#: Words of a project's name, at most.
_MOST_WORDS = 8
_LONGEST_LABEL = 100


def fold_reference(name: str) -> str:
    """A name as names are compared here: without regard to case and to runs of spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def squeeze(name: str) -> str:
    """A folded name without spaces, hyphens and underscores, as `#HomeRenovation` spells it."""
    return re.sub(r"[\s_-]", "", fold_reference(name))


def index_projects(rows: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """`Projects` of (name, key, reference): a name beats a key, both beat a name spelt without its spaces."""
    rows = list(rows)
    found: dict[str, str] = {}
    for name, _, reference in rows:
        found.setdefault(fold_reference(name), reference)
    for _, key, reference in rows:
        found.setdefault(fold_reference(key), reference)
    for name, _, reference in rows:
        found.setdefault(squeeze(name), reference)
    return found


def read_tokens(line: Line, fields: dict[str, Any], projects: Projects, members: Members) -> None:
    """Takes the tokens of the line. Of two priorities or projects the last one counts, the other stays in the title."""
    _read_priority(line, fields)
    _read_project(line, fields, projects)
    _read_labels(line, fields)
    _read_assignees(line, fields, members(fields.get("project")))


def _read_priority(line: Line, fields: dict[str, Any]) -> None:
    found = list(_PRIORITY.finditer(line.low))
    if found:
        fields["priority"] = _PRIORITIES[found[-1][0]].value
        line.take(*found[-1].span(), "priority")


def _read_project(line: Line, fields: dict[str, Any], projects: Projects) -> None:
    known, unknown = [], []
    for found in _HASH.finditer(line.low):
        start = found.start()
        if named := _longest_name(line, found.end(), projects):
            known.append((start, *named))
        elif (name := _NAME.match(line.text, found.end())) and not _NUMBERED.fullmatch(name[0]):
            unknown.append((start, name.end()))
    if known:
        start, end, reference = known[-1]
        fields["project"] = reference
        line.take(start, end, "project")
        unknown = [span for span in unknown if span[1] <= start or span[0] >= end]
    for span in unknown:
        line.take(*span, "unknown_project")


def _longest_name(line: Line, start: int, projects: Projects) -> tuple[int, str] | None:
    """Where the longest known name that begins at `start` ends, and its reference."""
    text = line.text
    ends = []
    for word in _WORD.finditer(text, start):
        if TAKEN in line.low[word.start() : word.end()]:
            break
        stripped = word.end()
        while stripped > word.start() and not text[stripped - 1].isalnum():
            stripped -= 1
            ends.append(stripped)
        ends.append(word.end())
        if stripped != word.end():
            ends.append(stripped)
        if len(ends) >= 2 * _MOST_WORDS:
            break
    for end in sorted(set(ends), reverse=True):
        name = text[start:end]
        reference = projects.get(fold_reference(name))
        if reference is None and " " not in name:
            reference = projects.get(squeeze(name))
        if reference is not None:
            return end, reference
    return None


def _read_labels(line: Line, fields: dict[str, Any]) -> None:
    labels: dict[str, str] = {}
    for found in list(_LABEL.finditer(line.low)):
        name = line.text[found.start() + 1 : found.end()].strip('"')
        name = " ".join(name.split())
        if not name or len(name) > _LONGEST_LABEL or _CLOCK.fullmatch(name.lower()):
            continue
        labels.setdefault(fold_reference(name), name)
        line.take(*found.span(), "label")
    if labels:
        fields["labels"] = list(labels.values())


def _read_assignees(line: Line, fields: dict[str, Any], members: Mapping[str, str]) -> None:
    assignees: list[str] = []
    for found in list(_ASSIGNEE.finditer(line.low)):
        username = members.get(fold_reference(line.text[found.start(1) : found.end(1)]))
        if username is None:
            line.take(*found.span(), "unknown_assignee")
        else:
            line.take(*found.span(), "assignee")
            if username not in assignees:
                assignees.append(username)
    if assignees:
        fields["assignees"] = assignees
