"""What each name of the filter language takes: its operators, and how its values are written."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from taskflow.domain.filters.expressions import Name, Operator, Value
from taskflow.domain.filters.moments import parse_when
from taskflow.domain.priority import Priority

STATUSES = ("todo", "in_progress", "done", "cancelled")

_SAME = frozenset({Operator.EQUAL, Operator.UNEQUAL, Operator.IN})
_WORDS = _SAME | {Operator.CONTAINS}
_ORDER = _SAME | {Operator.LESS, Operator.AT_MOST, Operator.GREATER, Operator.AT_LEAST}
_FLAG = frozenset({Operator.EQUAL, Operator.UNEQUAL})

_KEY = re.compile(r"([A-Z][A-Z0-9]{1,9})-([0-9]{1,9})")
_NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
_SPAN = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,8})(?:m|min)?)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One name. `read` gives the value that a text writes, or raises `ValueError` with what is accepted."""

    operators: frozenset[Operator]
    read: Callable[[str], Value]
    #: Whether a task may lack it, so that the name alone asks whether it is there.
    optional: bool = False
    #: Whether it is true or false: the name alone means `= true`.
    flag: bool = False
    #: Whether it is written as dates are, with a `+` that an address may have turned into a space.
    dated: bool = False


def read_value(name: Name, operator: Operator, text: str) -> Value:
    """The value of a comparison; `ValueError` says what `name` takes."""
    return text if operator is Operator.CONTAINS else FIELDS[name].read(text)


def split_key(key: str) -> tuple[str, int] | None:
    """`HOME-12` as (`HOME`, 12); None for what is no key of a task (such as an id)."""
    match = _KEY.fullmatch(key)
    return None if match is None else (match[1], int(match[2]))


def _text(text: str) -> str:
    return text


def _status(text: str) -> str:
    status = text.lower()
    if status not in STATUSES:
        raise ValueError(f"{text[:50]!r} is no status. Give one of {', '.join(STATUSES)}.")
    return status


def _priority(text: str) -> Priority:
    try:
        return Priority(text.lower())
    except ValueError as error:
        raise ValueError(f"{text[:50]!r} is no priority. Give one of {', '.join(Priority)}.") from error


def _flag(text: str) -> bool:
    value = text.lower()
    if value not in {"true", "false"}:
        raise ValueError(f"{text[:50]!r} is neither true nor false. Give one of them.")
    return value == "true"


def _score(text: str) -> float:
    if not _NUMBER.fullmatch(text) or float(text) > 100:
        raise ValueError(f"{text[:50]!r} is no urgency. Give a number from 0 to 100, such as 50 or 12.5.")
    return float(text)


def _minutes(text: str) -> int:
    match = _SPAN.fullmatch(text.lower()) if text else None
    if match is None:
        raise ValueError(f"{text[:50]!r} is no estimate. Give minutes (90) or hours and minutes (2h, 1h30m).")
    return int(match[1] or 0) * 60 + int(match[2] or 0)


def _task(text: str) -> str:
    key = text.upper()
    if _KEY.fullmatch(key):
        return key
    try:
        return str(UUID(text))
    except ValueError as error:
        raise ValueError(f"{text[:50]!r} names no task. Give a key (HOME-12) or an id.") from error


_DATE = Field(_ORDER, parse_when, dated=True)
_MAYBE_DATE = Field(_ORDER, parse_when, optional=True, dated=True)

FIELDS: Mapping[Name, Field] = {
    Name.TITLE: Field(_WORDS, _text),
    Name.DESCRIPTION: Field(_WORDS, _text),
    Name.STATUS: Field(_SAME, _status),
    Name.PRIORITY: Field(_ORDER, _priority),
    Name.DUE: _MAYBE_DATE,
    Name.START: _MAYBE_DATE,
    Name.CREATED: _DATE,
    Name.UPDATED: _DATE,
    Name.COMPLETED: _MAYBE_DATE,
    Name.LABEL: Field(_WORDS, _text, optional=True),
    Name.ASSIGNEE: Field(_WORDS, _text, optional=True),
    Name.PROJECT: Field(_WORDS, _text),
    Name.KEY: Field(_WORDS, _task),
    Name.PARENT: Field(_SAME, _task, optional=True),
    Name.URGENCY: Field(_ORDER, _score),
    Name.OVERDUE: Field(_FLAG, _flag, flag=True),
    Name.BLOCKED: Field(_FLAG, _flag, flag=True),
    Name.ESTIMATE: Field(_ORDER, _minutes, optional=True),
}
