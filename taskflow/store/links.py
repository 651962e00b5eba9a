"""What tasks wait for, at whatever distance, in one statement (`WITH RECURSIVE`), on SQLite and PostgreSQL alike.

The ORM has no such form; a query a generation is slow where a chain is long.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from taskflow.store.models import Dependency
from taskflow.store.sql import any_of, uuid_value


def links_above(tasks: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """The (blocked, blocker) pairs that are met on every way up from `tasks`."""
    table = connection.ops.quote_name(Dependency._meta.db_table)
    start = any_of("blocked_id", [uuid_value(task) for task in tasks])
    query = f"""
        WITH RECURSIVE above(blocked, blocker) AS (
            SELECT blocked_id, blocker_id FROM {table} WHERE {start.text}
            UNION
            SELECT d.blocked_id, d.blocker_id FROM {table} d JOIN above ON d.blocked_id = above.blocker
        )
        SELECT blocked, blocker FROM above
    """
    with connection.cursor() as cursor:
        cursor.execute(query, start.params)
        return [(_uuid(blocked), _uuid(blocker)) for blocked, blocker in cursor.fetchall()]


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
