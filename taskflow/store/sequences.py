"""Counters that are advanced and read in one statement (`UPDATE … RETURNING`), on SQLite and PostgreSQL alike.

The ORM has no such form, and read-then-write would need a lock held longer.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models

from taskflow.store.identifiers import new_id
from taskflow.store.models import Event, EventStream, Project
from taskflow.store.models.json_text import json_text
from taskflow.store.rows import fetch, insert, inserting
from taskflow.store.sql import Sql, uuid_value


def _advance(model: type[models.Model], column: str, pk: UUID, by: int) -> int | None:
    table = connection.ops.quote_name(model._meta.db_table)
    key = model._meta.pk
    if key is None:
        raise TypeError(f"{model.__name__} has no primary key")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = {column} + %s WHERE id = %s RETURNING {column}",
            [by, key.get_db_prep_value(pk, connection)],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def next_task_numbers(project: UUID, count: int = 1) -> range:
    """Takes the next `count` task numbers of a project; `LookupError` when the project is gone."""
    last = _advance(Project, "task_counter", project, count)
    if last is None:
        raise LookupError(f"no project {project}")
    return range(last - count + 1, last + 1)


def last_rank(project: UUID) -> str | None:
    """The greatest rank of a project's tasks, trashed ones included."""
    text = "SELECT rank FROM store_task WHERE project_id = %s ORDER BY rank DESC LIMIT 1"
    found = fetch(Sql(text, (uuid_value(project),)))
    return str(found[0][0]) if found else None


def append_events(project: UUID | None, events: Sequence[Event], rows: Sequence[models.Model] = ()) -> None:
    """Numbers events as the next ones of a project's stream (None: the site's) and writes them, and inserts `rows`.

    The stream's row is held from here until the commit: call it last in a transaction.
    """
    if connection.vendor == "postgresql":
        written = _append_at_once(project, events, [inserting(row) for row in rows])
    else:
        for row in rows:
            insert(row)
        written = _append(project, events)
    if not written:
        EventStream.objects.bulk_create([EventStream(id=new_id(), **_named(project))], ignore_conflicts=True)
        if not _append(project, events):
            raise LookupError(f"no event stream of {project}")


def _named(project: UUID | None) -> dict[str, Any]:
    return {"site": True} if project is None else {"project_id": project}


def _append(project: UUID | None, events: Sequence[Event]) -> bool:
    if connection.vendor == "postgresql":
        return _append_at_once(project, events, [])
    count = len(events)
    advance = _advancing(project, count)
    found = fetch(advance)
    if not found:
        return False
    stream, head = found[0]
    for seq, event in enumerate(events, start=head - count + 1):
        event.stream_id, event.seq = UUID(stream), seq
    Event.objects.bulk_create(events)
    return True


def _advancing(project: UUID | None, count: int) -> Sql:
    chosen, key = ("site", ()) if project is None else ("project_id = %s", (uuid_value(project),))
    return Sql(f"UPDATE store_eventstream SET head = head + {int(count)} WHERE {chosen} RETURNING id, head", key)


def _append_at_once(project: UUID | None, events: Sequence[Event], inserts: Sequence[Sql]) -> bool:
    """PostgreSQL's form: one statement, for the time that others wait for the stream's row.

    Counts are part of the text: the driver parses anew each time what has more than 50 parameters.
    """
    advance = _advancing(project, len(events))
    text = _appending(tuple(sql.text for sql in inserts), advance.text, len(events))
    given = [value for sql in inserts for value in sql.params]
    values = [value for event in events for value in event_values(event)]
    with connection.cursor() as cursor:
        cursor.execute(text, [*given, *advance.params, *values])
        return bool(cursor.rowcount)


@lru_cache(maxsize=256)
def _appending(inserts: tuple[str, ...], advance: str, count: int) -> str:
    beside = "".join(f"r{number} AS ({text}), " for number, text in enumerate(inserts))
    return f"WITH {beside}s AS ({advance}) {event_insertion(count)}"


@cache
def event_insertion(count: int) -> str:
    """PostgreSQL's INSERT of `count` events, whose `event_values` are parameters, into the stream that `s` advanced."""
    row = "(%s::uuid, {place}, %s, %s::uuid, %s, %s::uuid, %s::jsonb, %s::timestamptz)"
    places = ", ".join(row.format(place=place) for place in range(1, count + 1))
    return (
        "INSERT INTO store_event (id, stream_id, seq, type, actor_id, actor_name, task_id, data, time)"
        f" SELECT v.id, s.id, s.head - {count} + v.place, v.type, v.actor_id, v.actor_name, v.task_id, v.data, v.time"
        f" FROM s, (VALUES {places}) AS v (id, place, type, actor_id, actor_name, task_id, data, time)"
    )


def event_values(event: Event) -> tuple[Any, ...]:
    """The parameters of one event in `event_insertion`."""
    return (
        event.pk,
        event.type,
        event.actor_id,
        event.actor_name,
        event.task_id,
        json_text(event.data),
        event.time,
    )
