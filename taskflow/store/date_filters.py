"""Comparisons of days and instants in the reader's time zone, as SQL.

Against a day, an instant counts as the day that the reader's calendar shows. Against an instant, an all-day due date
counts as the end of its day, a start date as the beginning. A comparison on a missing value is false, never NULL.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

from django.db import connection

from taskflow.domain.filters.expressions import Operator
from taskflow.domain.filters.moments import day_start
from taskflow.domain.zones import local_date
from taskflow.store.sql import FALSE, Sql, join, time_value

_NEXT = timedelta(days=1)


def compare_due(operator: Operator, values: Sequence[date | datetime], zone: tzinfo) -> Sql:
    """Either column of what a task is due by."""
    if operator is Operator.UNEQUAL:
        present = Sql("t.due_date IS NOT NULL OR t.due_at IS NOT NULL")
        return join("AND", [present, ~compare_due(Operator.EQUAL, values, zone)])
    return join(
        "OR",
        [
            part
            for value in values
            for part in (_day_ending("t.due_date", operator, value, zone), _instant("t.due_at", operator, value, zone))
            if part is not FALSE
        ],
    )


def compare_day_column(column: str, operator: Operator, values: Sequence[date | datetime], zone: tzinfo) -> Sql:
    """A column of days, each of which stands for its beginning."""
    if operator is Operator.UNEQUAL:
        same = compare_day_column(column, Operator.EQUAL, values, zone)
        return join("AND", [Sql(f"{column} IS NOT NULL"), ~same])
    return join("OR", [_day_beginning(column, operator, value, zone) for value in values])


def compare_instant_column(column: str, operator: Operator, values: Sequence[date | datetime], zone: tzinfo) -> Sql:
    """A column of instants."""
    if operator is Operator.UNEQUAL:
        same = compare_instant_column(column, Operator.EQUAL, values, zone)
        return join("AND", [Sql(f"{column} IS NOT NULL"), ~same])
    return join("OR", [_instant(column, operator, value, zone) for value in values])


def _day_ending(column: str, operator: Operator, value: date | datetime, zone: tzinfo) -> Sql:
    if not isinstance(value, datetime):
        return _day(column, operator, value)
    today = local_date(value, zone)
    if operator in {Operator.LESS, Operator.AT_MOST}:
        return _day(column, Operator.LESS, today)
    if operator in {Operator.GREATER, Operator.AT_LEAST}:
        return _day(column, Operator.AT_LEAST, today)
    # The end of a day is no instant of its own.
    return FALSE


def _day_beginning(column: str, operator: Operator, value: date | datetime, zone: tzinfo) -> Sql:
    if not isinstance(value, datetime):
        return _day(column, operator, value)
    today = local_date(value, zone)
    if day_start(today, zone) == value:
        return _day(column, operator, today)
    if operator in {Operator.LESS, Operator.AT_MOST}:
        return _day(column, Operator.AT_MOST, today)
    if operator in {Operator.GREATER, Operator.AT_LEAST}:
        return _day(column, Operator.GREATER, today)
    return FALSE


def _day(column: str, operator: Operator, day: date) -> Sql:
    sign = "=" if operator is Operator.IN else operator.value
    return Sql(f"{column} IS NOT NULL AND {column} {sign} %s", (connection.ops.adapt_datefield_value(day),))


def _instant(column: str, operator: Operator, value: date | datetime, zone: tzinfo) -> Sql:
    if isinstance(value, datetime):
        sign = "=" if operator is Operator.IN else operator.value
        return Sql(f"{column} IS NOT NULL AND {column} {sign} %s", (time_value(value),))
    begin, end = time_value(day_start(value, zone)), time_value(day_start(value + _NEXT, zone))
    match operator:
        case Operator.LESS:
            return Sql(f"{column} IS NOT NULL AND {column} < %s", (begin,))
        case Operator.AT_MOST:
            return Sql(f"{column} IS NOT NULL AND {column} < %s", (end,))
        case Operator.GREATER:
            return Sql(f"{column} IS NOT NULL AND {column} >= %s", (end,))
        case Operator.AT_LEAST:
            return Sql(f"{column} IS NOT NULL AND {column} >= %s", (begin,))
        case _:
            return Sql(f"{column} IS NOT NULL AND {column} >= %s AND {column} < %s", (begin, end))
