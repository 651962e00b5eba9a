"""Brings the database to this release's schema, after keeping a copy of it."""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from taskflow.config import Settings
from taskflow.store.search_index import ensure_index

KEEP_COPIES = 5
COPIES_FOLDER = "backups"
_OWN_APPS = {"store"}


class NewerDatabase(Exception):
    """The database was written by a newer release."""


class NotPrepared(Exception):
    """A command needs a database that is there and has this release's schema; the text says what to do."""


def require_prepared(settings: Settings) -> None:
    """Raise NotPrepared where a command would meet missing tables, NewerDatabase where they are another release's."""
    path = find_sqlite_file()
    if (path is not None and not path.exists()) or not connection.introspection.table_names():
        where = settings.data_dir if path is not None else "the database"
        raise NotPrepared(
            f"There is no instance in {where} yet. Start it with taskflow up or prepare it with taskflow migrate, or "
            "name the right folder with --data-dir."
        )
    pending = list_pending()
    if pending:
        raise NotPrepared(
            f"The database lacks {len(pending)} of this release's migrations. Run taskflow migrate first."
        )


def list_pending() -> list[str]:
    """Migrations that this release has and the database has not, `app.name`. Raises NewerDatabase."""
    executor = MigrationExecutor(connection)
    applied = executor.loader.applied_migrations
    known = set(executor.loader.disk_migrations)
    foreign = sorted(name for app, name in applied if app in _OWN_APPS and (app, name) not in known)
    if foreign:
        raise NewerDatabase(
            f"The database was written by a newer release (it has {foreign[-1]}). Install that release, or restore "
            "the copy that was made before the upgrade."
        )
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate(settings: Settings) -> tuple[list[str], Path | None]:
    """Apply what is pending; what was applied, and the copy of the SQLite file that was made first, if it held data.

    Raises NewerDatabase.
    """
    pending = list_pending()
    if not pending:
        # The file may come from a Python with another SQLite, or from hands that changed a table.
        ensure_index()
        return [], None
    copy = None
    path = find_sqlite_file()
    if path is not None and path.exists() and connection.introspection.table_names():
        copy = _keep_copy(path, settings.data_dir / COPIES_FOLDER)
    call_command("migrate", verbosity=0, interactive=False)
    return pending, copy


def find_sqlite_file() -> Path | None:
    """The database's file, or None when it is no SQLite file."""
    name = str(connection.settings_dict["NAME"])
    return Path(name) if connection.vendor == "sqlite" and "mode=memory" not in name and name != ":memory:" else None


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a database that others may be writing to. The target appears complete or not at all."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=20)) as old,
            contextlib.closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)
            # The copy inherits WAL mode; a file that travels should be one file.
            new.execute("PRAGMA journal_mode=DELETE")
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _keep_copy(path: Path, folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    copy = folder / f"before-migration-{stamp}.sqlite3"
    copy_sqlite(path, copy)
    for old in sorted(folder.glob("before-migration-*.sqlite3"))[:-KEEP_COPIES]:
        old.unlink()
    return copy
