"""`@name` in Markdown: who a text speaks to.

A mention stands outside of code (fenced blocks and spans between backticks) and is no part of an address: neither of
e-mail (`bob@example.org`) nor of a path (`example.org/@bob`). `\\@bob` is no mention either.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

#: More people than anybody speaks to in one text.
MOST = 50

_FENCE = re.compile(r"(?: {0,3}>)*[ \t]*(?:[-*+]\s+)?(`{3,}|~{3,})(.*)")
_TICKS = re.compile(r"`+")
#: A user name, as accounts take it, that nothing makes part of an address.
_NAME = re.compile(r"(?<![\w@/\\.+%&=-])@(\w[\w.\-]{0,63})(?![\w@])")


def find_mentions(text: str) -> list[tuple[str, ...]]:
    """What each mention may stand for, first the longest: `@ada.` is `ada.`, where there is such a person, or `ada`.

    In the order of the text, each once, at most `MOST`.
    """
    found: dict[tuple[str, ...], None] = {}
    for prose in _prose(text):
        for match in _NAME.finditer(prose):
            found[_readings(match[1])] = None
            if len(found) == MOST:
                return list(found)
    return list(found)


def _readings(name: str) -> tuple[str, ...]:
    readings = [name]
    while name[-1] in ".-":
        name = name[:-1]
        readings.append(name)
    return tuple(readings)


def _prose(text: str) -> Iterator[str]:
    """The parts of `text` that are no code."""
    if "`" not in text and "~~~" not in text:
        yield text
        return
    paragraph: list[str] = []
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not match[2].strip():
                fence = ""
            continue
        # What follows an opening fence of backticks has none: else it is a span.
        if match and not (match[1][0] == "`" and "`" in match[2]):
            fence = match[1]
        if fence or not line.strip():
            yield from _outside_spans("\n".join(paragraph))
            paragraph = []
        else:
            paragraph.append(line)
    yield from _outside_spans("\n".join(paragraph))


def _outside_spans(paragraph: str) -> Iterator[str]:
    """A span ends at the next run of as many backticks as it began with; without such a run it is none."""
    runs = [match.span() for match in _TICKS.finditer(paragraph)]
    starts: dict[int, list[int]] = defaultdict(list)
    for start, end in runs:
        starts[end - start].append(start)
    position = 0
    for start, end in runs:
        if start < position:
            continue
        same = starts[end - start]
        after = bisect_right(same, start)
        if after < len(same):
            yield paragraph[position:start]
            position = same[after] + (end - start)
    yield paragraph[position:]
