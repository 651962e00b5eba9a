"""Counters that are advanced and read in one statement (`UPDATE … RETURNING`), on SQLite and PostgreSQL alike.

The ORM has no such form, and read-then-write would need a lock held longer.
"""

from uuid import UUID

from django.db import connection, models

from taskflow.store.identifiers import new_id
from taskflow.store.models import EventStream, Project


def _advance(model: type[models.Model], column: str, pk: UUID, by: int) -> int | None:
    table = connection.ops.quote_name(model._meta.db_table)
    key = model._meta.pk
    if key is None:
        raise TypeError(f"{model.__name__} has no primary key")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = {column} + %s WHERE id = %s RETURNING {column}",  # noqa: S608 - own names
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


def advance_stream(project: UUID | None, count: int) -> tuple[UUID, int]:
    """Takes `count` event numbers of a project's stream (None: the site's); gives the stream's id and its new head."""
    filters = {"site": True} if project is None else {"project_id": project}
    stream = EventStream.objects.filter(**filters).values_list("pk", flat=True).first()
    if stream is None:
        EventStream.objects.bulk_create([EventStream(id=new_id(), **filters)], ignore_conflicts=True)
        stream = EventStream.objects.values_list("pk", flat=True).get(**filters)
    head = _advance(EventStream, "head", stream, count)
    if head is None:
        raise LookupError(f"no event stream {stream}")
    return stream, head
