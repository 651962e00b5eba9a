"""Fragments of hand-written SQL that both databases run, with their parameters beside them.

A fragment never holds a value: values are parameters, adapted as the ORM stores them. Fragments speak of a task's row
as `t` (`store_task`), and of its project's as `p` (`store_project`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition or an expression: text with `%s` for each of `params`, in order."""

    text: str
    params: tuple[Any, ...] = ()

    def __invert__(self) -> "Sql":
        return Sql(f"NOT ({self.text})", self.params)


TRUE = Sql("1 = 1")
FALSE = Sql("1 = 0")


def join(word: str, parts: Iterable[Sql]) -> Sql:
    """`parts` joined by `AND` or `OR`, each in parentheses; of none, what leaves everything (AND) or nothing (OR)."""
    held = list(parts)
    if not held:
        return TRUE if word == "AND" else FALSE
    return Sql(f" {word} ".join(f"({part.text})" for part in held), tuple(v for part in held for v in part.params))


def any_of(expression: str, values: Iterable[Any]) -> Sql:
    """`expression IN (…)`; nothing is in an empty list."""
    held = tuple(values)
    return Sql(f"{expression} IN ({', '.join(['%s'] * len(held))})", held) if held else FALSE


def uuid_value(value: UUID) -> Any:
    """A UUID as the database takes it (PostgreSQL has the type, SQLite keeps 32 hexadecimal digits)."""
    return value if connection.features.has_native_uuid_field else value.hex


def time_value(value: datetime) -> Any:
    """An aware instant as the database takes it."""
    return connection.ops.adapt_datetimefield_value(value)
