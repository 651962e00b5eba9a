"""The text while it is read: which stretches are taken already, and what stands around the others."""

import re
from dataclasses import dataclass, field
from typing import Final

#: What stands in `Line.low` for a stretch that is taken, and for one that is to be left alone.
TAKEN: Final = "\x00"
_OPAQUE: Final = "\x01"
_LOWER: Final = str.maketrans(
    {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)} | {TAKEN: "\x02", _OPAQUE: "\x02", "’": "'"}
)
_TAIL = re.compile(r"[\s\x00.,;:!?)\]…–—-]*\Z")
_HEAD = re.compile(r"[\s\x00(\[]*\Z")
_NEXT = re.compile(r"\s*([^\s\x00]*)")
_PREVIOUS = re.compile(r"([^\s\x00]+)\s*\Z")
_PREPOSITION = re.compile(
    r"(?:(?<=[\s\x00(,])|\A)(?:(due|deadline)(?::|\s+(?:on|by|at|date|back(?:\s+(?:on|by))?))?"
    r"|(on|by|at|before|until|till|for|not?\s+later\s+than))(?::|\s)\s*\Z"
)
_MARKS = re.compile(r"[.,;:!?)]+(?:\s|\Z)")
#: Characters that are looked at before a date: longer than any word that matters there.
_REACH: Final = 40


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of the text that was understood: `text[start:end]` is its `text`."""

    start: int
    end: int
    kind: str
    text: str


@dataclass(slots=True)
class Line:
    """`low` has the length of `text`, with small ASCII letters, and fillers where something is taken."""

    text: str
    low: str = ""
    matches: list[Match] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.low = self.text.translate(_LOWER)

    def take(self, start: int, end: int, kind: str) -> None:
        """Notes a match and takes its stretch, so that nothing else is read there."""
        self.matches.append(Match(start, end, kind, self.text[start:end]))
        self._fill(start, end, TAKEN)

    def protect(self, start: int, end: int) -> None:
        """Leaves a stretch alone: it stays in the title as an ordinary word."""
        self._fill(start, end, _OPAQUE)

    def _fill(self, start: int, end: int, filler: str) -> None:
        self.low = f"{self.low[:start]}{filler * (end - start)}{self.low[end:]}"

    def is_tail(self, end: int) -> bool:
        """Whether nothing but what was understood follows."""
        return _TAIL.match(self.low, end) is not None

    def is_head(self, start: int) -> bool:
        """Whether nothing but what was understood stands before."""
        return _HEAD.match(self.low[:start]) is not None

    def touches(self, start: int, end: int) -> bool:
        """Whether the stretch stands beside one that was taken as a date or a time."""
        return any(
            match.kind in ("due", "recurrence", "start")
            and (not self.text[match.end : start].strip(" \t,") if match.end <= start else self._gap(end, match.start))
            for match in self.matches
        )

    def _gap(self, end: int, start: int) -> bool:
        return self.text[end:start].strip(" \t,") in ("", "at", "on")

    def next_word(self, end: int) -> str:
        """The word after `end`; empty where something taken, a mark or nothing follows."""
        found = _NEXT.match(self.low, end)
        word = found[1] if found else ""
        return "" if word[:1] in set(",;:.!?)-–—") else word.rstrip(",.;:!?)")

    def previous_word(self, start: int) -> str:
        """The word before `start`; empty where something taken, the end of a clause or nothing is there."""
        found = _PREVIOUS.search(self.low[max(0, start - _REACH) : start])
        word = found[1] if found else ""
        return "" if word[-1:] in set(",;:.!?)(-–—") else word.lstrip("(\"'")

    def preposition(self, start: int) -> tuple[str, int]:
        """The preposition directly before `start` and where it begins; `("", start)` without one."""
        since = max(0, start - _REACH)
        found = _PREPOSITION.search(self.low[since:start])
        if found is None:
            return "", start
        return "due" if found[1] else "by" if "later" in found[2] else found[2], since + found.start()

    def is_capital(self, position: int) -> bool:
        """Whether the text has a capital letter there."""
        return self.text[position : position + 1].isupper()

    def next_is_capital(self, end: int) -> bool:
        """Whether the word after `end` begins with a capital letter."""
        found = _NEXT.match(self.low, end)
        return found is not None and self.is_capital(found.start(1))


def build_title(text: str, matches: list[Match]) -> str:
    """What is left of the text without the matches: spaces collapsed, a mark after a match moved to the word before."""
    title, position = "", 0
    for start, end in [*((match.start, match.end) for match in matches), (len(text), len(text))]:
        piece = text[position:start]
        title = title.rstrip() + piece if position and _MARKS.match(piece) else f"{title} {piece}"
        position = end
    return " ".join(title.split())
