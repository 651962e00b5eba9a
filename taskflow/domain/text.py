"""Folding of text, so that search and order do not depend on case, accents or the database."""

import re
import unicodedata

_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """`text` without case and accents: Unicode NFKD, combining marks dropped, case folded."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text: str) -> list[str]:
    """The folded words of `text`, in order."""
    return _WORD.findall(fold(text))


def search_text(*parts: str) -> str:
    """What a search looks through: every distinct word once, each after a space, at most 100,000 characters."""
    seen = dict.fromkeys(word for part in parts for word in words(part))
    joined = "".join(f" {word}" for word in seen)
    return joined[:100_000]
