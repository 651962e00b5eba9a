"""Storing urgencies: the same short statement for every row, sent together.

The ORM's `bulk_update` builds one statement with a CASE of every row, 15 times slower for 200 rows.
"""

from collections.abc import Iterable

from django.db import connection

from taskflow.store.models import Task
from taskflow.store.sql import time_value, uuid_value


def store_scores(tasks: Iterable[Task]) -> None:
    """Writes `urgency_score`, `urgency_factors` and `urgency_as_of` of these tasks."""
    column = Task._meta.get_field("urgency_factors")
    rows = [
        (
            task.urgency_score,
            column.get_db_prep_value(task.urgency_factors, connection),
            None if task.urgency_as_of is None else time_value(task.urgency_as_of),
            uuid_value(task.pk),
        )
        for task in tasks
    ]
    table = connection.ops.quote_name(Task._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET urgency_score = %s, urgency_factors = %s, urgency_as_of = %s WHERE id = %s",
            rows,
        )
