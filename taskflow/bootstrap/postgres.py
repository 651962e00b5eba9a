"""Dumping and loading a PostgreSQL database with PostgreSQL's own programs."""

import os
import shutil
import subprocess
from pathlib import Path

from django.db import connection

#: Parameters of an address that PostgreSQL's programs read from the environment under the same name.
_SHARED = {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs", "connect_timeout"}


class PostgresToolFailed(Exception):
    """pg_dump or pg_restore is missing or failed; the text says which and why."""


def dump(target: Path) -> None:
    """Write a consistent dump (custom format) beside whatever else happens. Raises PostgresToolFailed."""
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def load(source: Path) -> None:
    """Replace the database's contents by a dump, wholly or not at all. Raises PostgresToolFailed."""
    connection.close()
    _run(
        "pg_restore",
        "--clean",
        "--if-exists",
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        f"--dbname={connection.settings_dict['NAME']}",
        str(source),
    )


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise PostgresToolFailed(f"{program} is not installed; install PostgreSQL's client programs.")
    settings = connection.settings_dict
    if settings["DISABLE_SERVER_SIDE_CURSORS"]:
        raise PostgresToolFailed(
            f"{program} needs one session throughout, which PgBouncer does not give. Run this command with the address "
            "of PostgreSQL itself in TASKFLOW_DATABASE_URL."
        )
    variables = {
        "PGHOST": settings["HOST"],
        "PGPORT": settings["PORT"],
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
    }
    # In the environment and not among the arguments, which every user of the machine can read.
    environment = {**os.environ, **{name: str(value) for name, value in variables.items() if value}}
    environment |= {f"PG{name.upper()}": str(value) for name, value in settings["OPTIONS"].items() if name in _SHARED}
    result = subprocess.run(  # noqa: S603 - a program found by name, no shell
        [found, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise PostgresToolFailed(f"{program} failed: {result.stderr.strip().splitlines()[-1:] or result.returncode}")
