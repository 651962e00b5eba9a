"""Lists in pages: keyset cursors, stable under inserts, without a total.

A page is ordered by one or more keys and at last by id, so every row has one place. A cursor holds the last row's keys;
the next page is what comes after them, whatever was inserted meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from taskflow.domain.errors import Invalid
from taskflow.interfaces.api.seals import seal, unseal

DEFAULT_LIMIT = 50
MOST = 200
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One thing to order by; no row is without a value of it."""

    name: str
    expression: str | Combinable
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """One page of rows, and the cursor of the next one (None at the end)."""

    rows: list[M]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Column:
    alias: str
    descending: bool


def parse_limit(parameters: Mapping[str, str]) -> int:
    """`limit`, 1 to 200, 50 where absent."""
    text = parameters.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise Invalid.field("limit", "invalid", f"Give a whole number from 1 to {MOST}.")
    return int(text)


def take_page(rows: QuerySet[M], keys: Sequence[SortKey], parameters: Mapping[str, str]) -> Page[M]:
    """The page of `rows` that `limit` and `cursor` of the query parameters ask for."""
    limit = parse_limit(parameters)
    signature = ",".join(f"{'-' if key.descending else ''}{key.name}" for key in keys)
    annotated, columns = _annotate(rows, keys)
    cursor = parameters.get("cursor")
    if cursor:
        annotated = annotated.filter(_after(columns, decode_cursor(cursor, signature, len(columns))))
    order = [F(c.alias).desc() if c.descending else F(c.alias).asc() for c in columns]
    found = list(annotated.order_by(*order)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    last = [getattr(found[-1], column.alias) for column in columns] if more else []
    return Page(found, encode_cursor(signature, last) if more else None)


def _annotate(rows: QuerySet[M], keys: Sequence[SortKey]) -> tuple[QuerySet[M], list[_Column]]:
    annotations: dict[str, Any] = {}
    columns: list[_Column] = []
    for index, key in enumerate(keys):
        expression = F(key.expression) if isinstance(key.expression, str) else key.expression
        annotations[f"key_{index}"] = expression
        columns.append(_Column(f"key_{index}", key.descending))
    annotations["key_id"] = F("id")
    columns.append(_Column("key_id", keys[0].descending if keys else False))
    return rows.annotate(**annotations), columns


def _after(columns: Sequence[_Column], values: Sequence[Any]) -> Q:
    """Rows that come after `values`: equal in the first columns, beyond in the next one."""
    condition = Q(pk__in=[])
    equal = Q()
    for column, value in zip(columns, values, strict=True):
        condition |= equal & Q(**{f"{column.alias}__{'lt' if column.descending else 'gt'}": value})
        equal &= Q(**{column.alias: value})
    return condition


def encode_cursor(signature: str, values: Sequence[Any]) -> str:
    """A cursor: sealed, so that what comes back are values of a row."""
    return seal(orjson.dumps([signature, [_pack(value) for value in values]]))


def decode_cursor(cursor: str, signature: str, length: int) -> list[Any]:
    """The values of a cursor of the same order; `Invalid` (`cursor`) for anything else."""
    held = unseal(cursor)
    match None if held is None else orjson.loads(held):
        case [found, [*packed]] if found == signature and len(packed) == length:
            return [_unpack(value) for value in packed]
    raise Invalid.field("cursor", "invalid", "Take the cursor from next_cursor of a list with the same ordering.")


def _pack(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": str(value)}
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if "t" in value:
            return datetime.fromisoformat(value["t"])
        return date.fromisoformat(value["d"]) if "d" in value else UUID(value["u"])
    return value
