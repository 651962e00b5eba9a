"""The pool's connections, and what they read (PostgreSQL)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest
from django.db import connection

from taskflow.store.postgresql import base
from taskflow.store.postgresql.base import RestedConnection, RestingPool, check_rested
from taskflow.store.rows import fetch
from taskflow.store.sql import Sql
from tests.postgres import ADDRESS, open_server


@pytest.fixture
def pool() -> Iterator[RestingPool]:
    open_server().close()
    with RestingPool(
        ADDRESS,
        connection_class=RestedConnection,
        min_size=1,
        max_size=1,
        check=check_rested,
        kwargs={"autocommit": True},
    ) as opened:
        yield opened


def process_of(pool: RestingPool) -> int:
    with pool.connection() as held:
        return held.info.backend_pid


def end(process: int) -> None:
    server = open_server()
    server.execute("SELECT pg_terminate_backend(%s, 2000)", (process,))
    server.close()


def test_a_connection_that_died_while_it_rested_is_replaced(pool: RestingPool, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = process_of(pool)
    end(dead)
    monkeypatch.setattr(base, "RESTED", 0.0)
    assert process_of(pool) != dead


def test_a_busy_connection_is_not_asked_and_a_dead_one_costs_one_statement(pool: RestingPool) -> None:
    dead = process_of(pool)
    end(dead)
    with pytest.raises(psycopg.OperationalError), pool.connection() as held:
        held.execute("SELECT 1")
    assert process_of(pool) != dead


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24 09:00:00+00", datetime(2026, 11, 24, 9, tzinfo=UTC)),
        ("2026-11-24 09:00:00.5+00", datetime(2026, 11, 24, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-24 09:00:00.000001+05:30", datetime(2026, 11, 24, 3, 30, 0, 1, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999+00", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
@pytest.mark.django_db
def test_instants_are_read_in_utc(text: str, expected: datetime) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a type of PostgreSQL's")
    assert fetch(Sql("SELECT CAST(%s AS timestamptz), CAST('2026-11-24' AS date)", (text,))) == [
        (expected, date(2026, 11, 24))
    ]
