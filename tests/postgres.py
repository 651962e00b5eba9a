"""The PostgreSQL server of the tests: databases are made there and dropped again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

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


@contextmanager
def empty_database(purpose: str) -> Iterator[str]:
    """The address of a fresh database; dropped in the end, whoever is still in it."""
    name = f"taskflow_{purpose}_{uuid4().hex[:12]}"
    with open_server() as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield urlunsplit(urlsplit(ADDRESS)._replace(path=f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def postgres_database(name: str) -> Iterator[None]:
    """A fresh database of the tests' PostgreSQL server stands in for the default one, migrated; dropped in the end."""
    # `tests/environment.py` imports this module before Django may be.
    import dj_database_url
    from django.core.management import call_command
    from django.db import connections

    server = open_server()
    server.execute(f'CREATE DATABASE "{name}"')
    usual = connections.settings["default"]
    connections["default"].close()
    connections.settings["default"] = {
        **usual,
        "OPTIONS": {},
        **dj_database_url.parse(ADDRESS, engine="taskflow.store.postgresql"),
        "NAME": name,
    }
    del connections["default"]
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = usual
        del connections["default"]
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        server.close()
