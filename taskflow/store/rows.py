"""Rows of models in hand-written statements: the ORM's columns and conversions without its compiler.

Building an ORM query costs 0.3 to 1 ms of Python a statement, which is as much as the database takes; the text of these
statements is made once a model and set of columns.
"""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

from taskflow.store.models.json_text import json_text
from taskflow.store.sql import Sql

M = TypeVar("M", bound=models.Model)


@cache
def columns(model: type[models.Model], alias: str) -> str:
    """Every column of `model` for SELECT, in the order that `build` takes."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


@cache
def width(model: type[models.Model]) -> int:
    """How many columns that is."""
    return len(model._meta.concrete_fields)


@cache
def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@cache
def _converters(model: type[models.Model], vendor: str) -> list[tuple[int, Any, list[Callable[..., Any]]]]:
    found = []
    for position, field in enumerate(model._meta.concrete_fields):
        # Not `cached_col`: a foreign key is converted as the key that it refers to.
        expression = field.get_col(model._meta.db_table)
        converters = [
            *connection.ops.get_db_converters(expression),
            *expression.get_db_converters(connection),
        ]
        if converters:
            found.append((position, expression, converters))
    return found


def build(model: type[M], values: Sequence[Any]) -> M:
    """The stored instance whose `columns` these values are."""
    held, wrapper = list(values), connections[DEFAULT_DB_ALIAS]
    for position, expression, converters in _converters(model, wrapper.vendor):
        for convert in converters:
            held[position] = convert(held[position], expression, wrapper)
    instance = model.from_db(DEFAULT_DB_ALIAS, _names(model), held)
    # What `save` compares with. Values that can be changed in place are JSON, which code here replaces as a whole.
    instance._state.stored = held  # type: ignore[attr-defined]
    return instance


def fetch(sql: Sql) -> list[tuple[Any, ...]]:
    """The rows that a statement gives."""
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        return list(cursor.fetchall())


def insert(instance: models.Model) -> None:
    """Inserts one row with every column. No signals; `pre_save` of fields (`auto_now`) is not asked."""
    statement = inserting(instance)
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)


def inserting(instance: models.Model, *, source: str | None = None) -> Sql:
    """The statement that `insert` runs; the instance counts as stored from now on.

    `source` is a table of one row or none: without a row of it there is none of this.
    """
    model = type(instance)
    values = _values(instance, _names(model))
    instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS
    return Sql(
        _insertion(model, tuple(value is not None for value in values), source),
        tuple(value for value in values if value is not None),
    )


@lru_cache(maxsize=512)
def _insertion(model: type[models.Model], given: tuple[bool, ...], source: str | None) -> str:
    """NULL is part of the text: the driver reads a statement of more than 50 values anew each time."""
    names = ", ".join(f'"{field.column}"' for field in model._meta.concrete_fields)
    values = ", ".join("%s" if is_given else "NULL" for is_given in given)
    rows = f"VALUES ({values})" if source is None else f"SELECT {values} FROM {source}"
    return f'INSERT INTO "{model._meta.db_table}" ({names}) {rows}'


def save(instance: models.Model) -> None:
    """Updates what differs from what `build` read (all columns, where another built the instance). No signals."""
    statement = saving(instance)
    if statement is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
    _note_saved(instance)


def save_returning(instance: models.Model, returned: Sql) -> tuple[Any, ...]:
    """`save`, with what the statement is to return of the row; something must differ."""
    statement = saving(instance)
    if statement is None:
        raise ValueError("nothing differs from what is stored")
    found = fetch(Sql(f"{statement.text} RETURNING {returned.text}", statement.params + returned.params))
    _note_saved(instance)
    return found[0]


def saving(instance: models.Model) -> Sql | None:
    """The statement that `save` runs; None where nothing differs."""
    model = type(instance)
    stored: list[Any] | None = getattr(instance._state, "stored", None)
    fields = [
        field
        for position, field in enumerate(model._meta.concrete_fields)
        if not field.primary_key and (stored is None or stored[position] != getattr(instance, field.attname))
    ]
    if not fields:
        return None
    values = _values(instance, [field.attname for field in (*fields, model._meta.pk)])
    return Sql(_updating(model, tuple(field.column for field in fields)), tuple(values))


def _note_saved(instance: models.Model) -> None:
    """What the instance holds is stored now."""
    instance._state.stored = [getattr(instance, name) for name in _names(type(instance))]  # type: ignore[attr-defined]


@cache
def _updating(model: type[models.Model], names: tuple[str, ...]) -> str:
    settings = ", ".join(f'"{name}" = %s' for name in names)
    return f'UPDATE "{model._meta.db_table}" SET {settings} WHERE "{model._meta.pk.column}" = %s'


#: Fields whose values the drivers take as they are.
_PLAIN = (models.CharField, models.TextField, models.IntegerField, models.FloatField, models.BooleanField)
#: Types that PostgreSQL has and SQLite has not.
_NATIVE = (models.UUIDField, models.DateField, models.DateTimeField)


def _values(instance: models.Model, names: Sequence[str]) -> list[Any]:
    """What the driver takes of these fields."""
    # Asked once: each look at `connection` looks for the thread's own.
    wrapper = connections[DEFAULT_DB_ALIAS]
    adapters = _adapters(type(instance), wrapper.vendor)
    values = []
    for name in names:
        value, adapt = getattr(instance, name), adapters[name]
        values.append(value if adapt is None or value is None else adapt(value, wrapper))
    return values


@cache
def _adapters(model: type[models.Model], vendor: str) -> dict[str, Callable[..., Any] | None]:
    return {field.attname: _adapter(field, vendor) for field in model._meta.concrete_fields}


def _adapter(field: Any, vendor: str) -> Callable[..., Any] | None:
    stored = field.target_field if field.remote_field else field
    if isinstance(stored, models.JSONField):
        return lambda value, wrapper: json_text(value)
    if isinstance(stored, _PLAIN) or (vendor == "postgresql" and isinstance(stored, _NATIVE)):
        return None
    adapter: Callable[..., Any] = field.get_db_prep_save
    return adapter
