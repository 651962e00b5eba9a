"""The objects of a JSON array, or of lines of JSON, one by one with their lines: what is broken costs only itself."""

import json
import re
from collections.abc import Iterator
from typing import Final

from taskflow.domain.importers.records import Problems

_SEPARATORS: Final = re.compile(r"[\s,\[\]]*")
_NEXT_OBJECT: Final = re.compile(r"^[ \t]*(?=\{)", re.MULTILINE)
#: How often the text may be read again behind broken objects, and how many there may be: without bounds a hostile file
#: takes quadratic time.
_READINGS: Final = 10
_MAX_BROKEN: Final = 1_000
_LONGEST_INTEGER: Final = 20


def _parse_int(digits: str) -> int | str:
    """Python refuses integers of thousands of digits; no field of a task needs one."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


_DECODER: Final = json.JSONDecoder(parse_int=_parse_int)


def iterate_objects(text: str, problems: Problems) -> Iterator[tuple[int, dict[str, object]]]:
    """Every object at the top of `text`, with the line it begins on; anything else there is a problem."""
    position, line, counted = 0, 1, 0
    budget, broken = _READINGS * len(text) + 10_000, 0
    while True:
        found = _SEPARATORS.match(text, position)
        position = found.end() if found else position
        if position >= len(text):
            return
        line, counted = line + text.count("\n", counted, position), position
        if budget < 0 or broken > _MAX_BROKEN:
            problems.add(line, "Too much of this file is broken: from here on it was not read.")
            return
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as wrong:
            reached = wrong.pos if isinstance(wrong, json.JSONDecodeError) else len(text)
            budget, broken = budget - (reached - position), broken + 1
            detail = f"This is not JSON ({_explain(wrong)}): all up to the next line that begins with {{ was left out."
            problems.add(line, detail)
            following = _NEXT_OBJECT.search(text, position + 1)
            if following is None:
                return
            position = following.end()
            continue
        position = end
        if isinstance(value, dict):
            yield line, value
        else:
            broken += 1
            problems.add(line, "A plain value stands where a task, { and }, should be: it was left out.")


def _explain(wrong: ValueError | RecursionError) -> str:
    if isinstance(wrong, json.JSONDecodeError):
        return f"{wrong.msg.removesuffix(' at')} at line {wrong.lineno}, column {wrong.colno}"
    return "nested too deeply" if isinstance(wrong, RecursionError) else "it has a number that cannot be read"
