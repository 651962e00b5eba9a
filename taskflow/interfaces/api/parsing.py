"""Reading JSON bodies as the contract says: UTF-8, no NaN, no duplicate names, not too deep."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from taskflow.domain.errors import Invalid

DEEPEST = 32
_MOST_DIGITS = 400


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8; an empty body reads as an empty object."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            # A byte order mark is allowed to be ignored (RFC 8259, section 8.1), and some programs write one.
            text = stream.read().decode("utf-8-sig")
            if not text.strip(" \t\r\n"):
                return {}
            data = json.loads(
                text, parse_constant=_refuse_constant, parse_int=_read_int, object_pairs_hook=_read_object
            )
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8: see byte {error.start}.") from error
        except RecursionError as error:
            raise ParseError(f"The body is nested more than {DEEPEST} levels deep.") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        _check_depth(data)
        return data


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _read_int(digits: str) -> float:
    """A number with more digits than Python converts is as good as infinite: its field refuses it by name."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, count in names.items() if count > 1)
        raise Invalid.field(twice[:100], "duplicate", "This name stands twice in one object. Give it once.")
    return document


def _check_depth(data: Any) -> None:
    level = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ParseError(f"The body is nested more than {DEEPEST} levels deep.")
