"""A text as it is meant to be read: forms of characters folded, what cannot be seen left out, places kept.

Patterns look at the shadow, so full-width digits, digits of other scripts, odd spaces and zero-width characters hide
nothing; what stays is written as it was.
"""

import re
import unicodedata
from dataclasses import dataclass

Span = tuple[int, int]

#: Stands for what was found already, or is a mark. No shadow of a text has it.
COVERED = "\x00"
#: Characters that spell out text without being seen: tags, and the upper variation selectors.
_HIDDEN = re.compile(r"[\U000E0000-\U000E0FFF]")
_PLAIN = re.compile(r"[\t\n\r\x20-\x7e]*")
#: Letters that look like nothing.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
#: What one character is read as at most: a few stand for a whole sentence, none of them in an address or a number.
_WIDEST = 4
_STOPS = frozenset("\u3002\uff61\u2024\ufe52")


@dataclass(frozen=True, slots=True)
class Shadow:
    """`text`, and for each of its characters the index of the one that cast it; `None` if they are the same."""

    text: str
    places: list[int] | None

    def origin(self, start: int, end: int) -> Span:
        """The span of the original text that cast `start` to `end`, which must not be empty."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


def strip_hidden(text: str) -> str:
    """`text` without characters that carry text and are never shown."""
    return text if text.isascii() else _HIDDEN.sub("", text)


def cast(text: str) -> Shadow:
    """The shadow of `text`."""
    if _PLAIN.fullmatch(text):
        return Shadow(text, None)
    characters: list[str] = []
    places: list[int] = []
    known: dict[str, str] = {}
    for place, character in enumerate(text):
        seen = known.get(character)
        if seen is None:
            seen = known[character] = _see(character)
        characters.append(seen)
        places += [place] * len(seen)
    return Shadow("".join(characters), places)


def _see(character: str) -> str:
    if character in _STOPS:
        return "."
    if character in _FILLERS:
        return ""
    return "".join(_see_one(part) for part in unicodedata.normalize("NFKD", character))[:_WIDEST]


def _see_one(character: str) -> str:
    if character in "\t\n\r":
        return character
    kind = unicodedata.category(character)
    if kind in {"Cc", "Cf", "Mn", "Me"}:
        return ""
    if kind == "Zs":
        return " "
    if kind in {"Zl", "Zp"}:
        return "\n"
    if kind == "Pd" or character == "\u2212":
        return "-"
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    return "." if character in _STOPS else character
