"""Reading one line: what is understood is taken out of it step by step, and what is left is the title."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from taskflow.domain.quick_add.due import due_fields
from taskflow.domain.quick_add.line import Line, Match, build_title
from taskflow.domain.quick_add.repeats import is_repeat
from taskflow.domain.quick_add.tokens import Members, Projects, read_tokens
from taskflow.domain.quick_add.vocabulary import WEEKDAY
from taskflow.domain.quick_add.when import read_when

#: What is never looked into: quoted text, code, addresses of the web and of people, paths.
_LITERAL: Final = re.compile(
    r"""(?P<quote>"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»)|`[^`]*`|(?<!\w)[a-z][a-z0-9+.-]{1,20}://\S+|(?<!\w)www\.\S+"""
    r"""|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+|(?<!\S)~?/?(?:[\w.+-]{1,64}/){2,}[\w.+-]*"""
)
_DATE_PATH: Final = re.compile(
    rf"[0-9]{{1,4}}/[0-9]{{1,2}}/[0-9]{{1,4}}|[0-9/]{{3,5}}[-–][0-9/]{{3,5}}|{WEEKDAY}(?:/{WEEKDAY})+"
)
#: Marks that go with what was understood: after it where it begins the line, before it where it ends the line.
_AFTER: Final = re.compile(r"\s*[,:;–—-](?=\s)")
_BEFORE: Final = re.compile(r"\s*[,:;–—-]\s*\Z")


@dataclass(frozen=True, slots=True)
class QuickAdd:
    """What a line means: the title, the fields of the task by their names in the API, and what told so."""

    title: str
    fields: Mapping[str, Any]
    matches: tuple[Match, ...]


def parse_quick_add(
    text: str, *, now: datetime, zone: tzinfo, projects: Projects, members: Members, month_first: bool = True
) -> QuickAdd:
    """What `text` means to somebody in `zone` at the aware instant `now`.

    `projects` are the references of projects by folded name and key, as `index_projects` makes them; `members` gives
    the people of a project (None: where the task goes without one), username by folded username. `month_first` reads
    3/4 as 4 March. Fields that the line says nothing of are absent. Never raises; a match whose kind begins with
    `unknown_` stays in the title, all others are taken out of it.
    """
    line = Line(text)
    fields: dict[str, Any] = {}
    _protect(line)
    read_tokens(line, fields, projects, members)
    before = line.low, list(line.matches)
    try:
        when = read_when(line, now=now, zone=zone, month_first=month_first)
        fields |= due_fields(when, now=now, zone=zone)
    except (ValueError, OverflowError):
        # A day beyond the end of the calendar: it stays in the title.
        line.low, line.matches = before
    matches = _tidy(line)
    title = build_title(text, [match for match in matches if not match.kind.startswith("unknown_")])
    return QuickAdd(title, fields, tuple(matches))


def _protect(line: Line) -> None:
    for found in list(_LITERAL.finditer(line.low)):
        start, end = found.span()
        if found["quote"] and is_repeat(line.low[start + 1 : end - 1]):
            line.low = f"{line.low[:start]} {line.low[start + 1 : end - 1]} {line.low[end:]}"
        elif not _DATE_PATH.fullmatch(found[0].rstrip(".")):
            line.protect(start, end)


def _tidy(line: Line) -> list[Match]:
    """The matches in order: neighbours of one kind joined, with the quotes, brackets and commas that go with them."""
    text, matches = line.text, sorted(line.matches, key=lambda match: match.start)
    joined: list[Match] = []
    for match in matches:
        last = joined[-1] if joined else None
        if last and last.kind == match.kind == "due" and text[last.end : match.start].strip(" \t,") == "":
            joined[-1] = _stretch(text, last, last.start, match.end)
        else:
            joined.append(match)
    for place, match in enumerate(joined):
        if match.kind.startswith("unknown_"):
            continue
        start, end = match.start, match.end
        least = joined[place - 1].end if place else 0
        most = joined[place + 1].start if place + 1 < len(joined) else len(text)
        if start > least and end < most and text[start - 1] + text[end] in ('""', "“”", "()", "[]", "„“", "«»"):
            start, end = start - 1, end + 1
        if line.is_head(match.start) and (found := _AFTER.match(text, end, most)):
            end = found.end()
        elif (
            line.is_tail(match.end)
            and (found := _BEFORE.search(text, least, start))
            and text[least:start].strip(" ,;:–—-")
        ):
            start = found.start() + len(found[0]) - len(found[0].lstrip())
        joined[place] = _stretch(text, match, start, end)
    return joined


def _stretch(text: str, match: Match, start: int, end: int) -> Match:
    return Match(start, end, match.kind, text[start:end])
