"""Folding of text, so that search and order do not depend on case, accents or the database."""

import re
import unicodedata
from collections.abc import Iterable

#: Characters of a word that are searched by. PostgreSQL takes no lexeme of more than 2,046 bytes, which is 511 of the
#: widest characters; a word of over a hundred is a key or a blob, and two that share so much are taken for one.
WORD_LENGTH = 100
#: Characters of a task's words together. At four bytes each they stay well below the megabyte that a tsvector holds.
SEARCH_LENGTH = 100_000

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """`text` without case and accents: Unicode NFKD, combining marks dropped, case folded."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text: str) -> list[str]:
    """The folded words of `text` in order, each cut at `WORD_LENGTH`: letters, digits and `_`, never empty."""
    return [word[:WORD_LENGTH] for word in _WORD.findall(fold(text))]


def search_text(*parts: str) -> str:
    """What a search looks through: every distinct word once, each after a space, as many as `SEARCH_LENGTH` holds."""
    return join_words(word for part in parts for word in words(part))


def join_words(found: Iterable[str]) -> str:
    """`search_text` of words that are folded and cut already."""
    seen: dict[str, None] = {}
    length = 0
    for word in found:
        if word in seen:
            continue
        length += len(word) + 1
        if length > SEARCH_LENGTH:
            break
        seen[word] = None
    return "".join(f" {word}" for word in seen)
