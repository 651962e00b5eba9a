"""The words and signs of a filter, each with its place in the text."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

#: Far beyond what a person writes; an address with a filter in it stays below what servers take.
LONGEST_FILTER = 2_000
#: As long as a title may be.
LONGEST_TEXT = 500

_WHITE = re.compile(r"\s*")
#: A bare word ends at white space or at a sign that means something.
_WORD = re.compile(r"""[^\s()",=!<>~]+""")
_SIGN = re.compile(r"!=|<=|>=|[=<>~(),]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OTHER_QUOTES = "'‘’‚“”„«»`"


class FilterSyntaxError(ValueError):
    """A text that is no filter: what is wrong and what would be right, and where (from 0, at most its length)."""

    def __init__(self, detail: str, position: int) -> None:
        super().__init__(f"{detail} (position {position})")
        self.detail = detail
        self.position = position


class Kind(StrEnum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A bare word, a text that stood in quotes (here without them), a sign, or the end."""

    kind: Kind
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these bare words, in any case."""
        return self.kind is Kind.WORD and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        return self.kind is Kind.SIGN and self.text in signs

    def __str__(self) -> str:
        """How an error shows it."""
        if self.kind is Kind.END:
            return "the end"
        shown = self.text if len(self.text) <= 50 else f"{self.text[:50]}…"
        return f'"{shown}"' if self.kind is Kind.TEXT else f"'{shown}'"


def split_tokens(text: str) -> list[Token]:
    """The tokens of `text`, the end among them; `FilterSyntaxError` for what is too long or cannot be a token."""
    if len(text) > LONGEST_FILTER:
        raise FilterSyntaxError(f"A filter has at most {LONGEST_FILTER:,} characters.", LONGEST_FILTER)
    _refuse_controls(text)
    found = []
    position = _skip_white(text, 0)
    while position < len(text):
        token, end = _read_token(text, position)
        found.append(token)
        position = _skip_white(text, end)
    return [*found, Token(Kind.END, "", len(text))]


def _refuse_controls(text: str) -> None:
    if text.isprintable():
        return
    for position, character in enumerate(text):
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t\r":
            raise FilterSyntaxError("Control characters are not allowed here. Remove this one.", position)


def _skip_white(text: str, position: int) -> int:
    match = _WHITE.match(text, position)
    return position if match is None else match.end()


def _read_token(text: str, position: int) -> tuple[Token, int]:
    if sign := _SIGN.match(text, position):
        return Token(Kind.SIGN, sign[0], position), sign.end()
    if text[position] == '"':
        return _read_quoted(text, position)
    if text[position] in _OTHER_QUOTES:
        raise FilterSyntaxError('Use straight double quotes around text, as in title ~ "buy milk".', position)
    word = _WORD.match(text, position)
    if word is None:
        raise FilterSyntaxError("'!' means something only in '!='. Write 'not' before a comparison.", position)
    _refuse_long(word[0], position)
    return Token(Kind.WORD, word[0], position), word.end()


def _read_quoted(text: str, position: int) -> tuple[Token, int]:
    quoted = _QUOTED.match(text, position)
    if quoted is None:
        raise FilterSyntaxError("These quotes are not closed. Add a '\"' where the text ends.", position)
    for escape in _ESCAPE.finditer(quoted[1]):
        if escape[1] not in '"\\':
            detail = r"After a backslash comes '\"' or another backslash. Write '\\' for one backslash."
            raise FilterSyntaxError(detail, position + 1 + escape.start())
    value = _ESCAPE.sub(r"\1", quoted[1])
    _refuse_long(value, position)
    return Token(Kind.TEXT, value, position), quoted.end()


def _refuse_long(value: str, position: int) -> None:
    if len(value) > LONGEST_TEXT:
        raise FilterSyntaxError(f"A value has at most {LONGEST_TEXT} characters.", position)
