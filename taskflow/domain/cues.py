"""How the cues of the lexicon are found in a text.

Matching is on whole words, the longest phrase first, and takes plain English endings (`invoices`, `leaking`) for the
word they belong to. A cue right after `not`, `no` or `isn't` is turned round: "not urgent" is no sign of hurry.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from taskflow.domain.lexicon import GROUPS, CueGroup


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue found in a text: the words as they stand there, and whether a negation turns it round."""

    group: CueGroup
    words: str
    negated: bool


_WORD = re.compile(r"[\w&'’.\-]*\w", re.UNICODE)
_NEGATIONS = frozenset({"not", "no", "isn't", "isn’t", "never", "without", "nicht", "kein", "pas"})
#: Endings that a word may lose, longest first, to be compared with the lexicon.
_ENDINGS = ("ings", "ing", "ies", "ed", "es", "s")
#: Characters of a text in which cues are looked for: enough for any note, and it bounds the work.
SCANNED = 4_000


def stem(word: str) -> str:
    """`word` in lower case without a plain English ending; short words are left as they are."""
    word = word.casefold().replace("’", "'")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


@cache
def _phrases() -> tuple[dict[tuple[str, ...], CueGroup], int]:
    """All entries by their stemmed words, and the length of the longest one in words."""
    table: dict[tuple[str, ...], CueGroup] = {}
    for group in GROUPS:
        for entry in group.entries:
            table.setdefault(tuple(stem(word) for word in _WORD.findall(entry)), group)
    return table, max(map(len, table))


def find_cues(text: str) -> Iterator[Cue]:
    """The cues in the first `SCANNED` characters of `text`, from left to right, without overlaps."""
    table, longest = _phrases()
    found = list(_WORD.finditer(text[:SCANNED]))
    stems = [stem(match.group()) for match in found]
    position = 0
    while position < len(found):
        for length in range(min(longest, len(found) - position), 0, -1):
            group = table.get(tuple(stems[position : position + length]))
            if group is None:
                continue
            words = text[found[position].start() : found[position + length - 1].end()]
            yield Cue(group, words, any(word in _NEGATIONS for word in stems[max(0, position - 2) : position]))
            position += length - 1
            break
        position += 1


def strongest(cues: Iterable[Cue]) -> dict[str, Cue]:
    """One cue a group, by the group's code: the first that is not negated, else the first."""
    kept: dict[str, Cue] = {}
    for cue in cues:
        known = kept.get(cue.group.code)
        if known is None or (known.negated and not cue.negated):
            kept[cue.group.code] = cue
    return kept
