"""The PostgreSQL server of the tests: databases are made there and dropped again."""

import os
from typing import Any

import psycopg
import pytest

ADDRESS = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def open_server() -> psycopg.Connection[Any]:
    """A connection to the server, in autocommit; skips the test where none answers, and fails it in CI."""
    try:
        return psycopg.connect(ADDRESS, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL at {ADDRESS}: {error}")
