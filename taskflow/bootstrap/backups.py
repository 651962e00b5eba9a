"""`taskflow backup` and `taskflow restore`: the database, the keys and what people attached, in one file.

A backup is consistent and is made beside a running instance. A restore needs the instance to be stopped, checks the
whole file before it touches anything, and moves what was there aside.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from django.db import connection

from taskflow.bootstrap import postgres
from taskflow.bootstrap.archive import BadArchive, Manifest, read_archive, write_archive
from taskflow.bootstrap.file_backups import MEMBERS, hold_files, place_files
from taskflow.bootstrap.lock import InstanceLock
from taskflow.bootstrap.migrations import copy_sqlite, find_sqlite_file, migrate
from taskflow.config import Settings
from taskflow.config.keys import RING_FILE, SIGNING_FILE, create_keys, prepare_data_dir
from taskflow.infrastructure.files import find_file_folder

_SQLITE, _DUMP = "database.sqlite3", "database.pgdump"
_KEYS = (SIGNING_FILE, RING_FILE)


class NotRestored(Exception):
    """Nothing was changed; the text says why and what to do."""


@dataclass(frozen=True)
class Restored:
    """What a restore did: the backup's manifest, where the old data are, and which migrations were applied."""

    manifest: Manifest
    aside: Path | None
    migrated: list[str]


def create_backup(settings: Settings, target: Path) -> Manifest:
    """Write a backup to `target`, replacing a file of that name only when the new one is complete.

    Keys that come from the environment are not part of it. Raises OSError, sqlite3.Error or PostgresToolFailed.
    """
    target = target.expanduser().absolute()
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; name a file, for instance {target / 'taskflow.tar.gz'}")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent}. Create it, or name a file in another one.")
    with (
        tempfile.TemporaryDirectory(prefix=".taskflow-backup-", dir=target.parent) as folder,
        tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.data_dir) as links,
    ):
        path = find_sqlite_file()
        files: dict[str, Path] = {}
        if path is not None:
            files[_SQLITE] = Path(folder) / _SQLITE
            copy_sqlite(path, files[_SQLITE])
        else:
            files[_DUMP] = Path(folder) / _DUMP
            postgres.dump(files[_DUMP])
        files.update({name: settings.data_dir / name for name in _KEYS if (settings.data_dir / name).is_file()})
        # After the database: a content is there before its row, and outlives it by an hour.
        files.update(hold_files(find_file_folder(settings.data_dir), Path(links)))
        manifest = Manifest(
            version=version("taskflow-server"),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            database=connection.vendor,
        )
        return write_archive(target, manifest, files)


def restore_backup(settings: Settings, source: Path, *, force: bool) -> Restored:
    """Put a backup in the place of the instance's data, then apply this release's migrations to it.

    Raises NotRestored, BadArchive, AlreadyRunning, NewerDatabase or PostgresToolFailed; then the old data stand as
    they were, except after NewerDatabase, where they lie aside.
    """
    prepare_data_dir(settings.data_dir)
    lock = InstanceLock(settings.data_dir)
    lock.acquire()
    try:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data_dir) as folder:
            staged = Path(folder)
            manifest = read_archive(source.expanduser().absolute(), staged)
            _check(manifest, staged)
            present = _list_present(settings)
            if present and not force:
                raise NotRestored(
                    f"{settings.data_dir} holds data already ({', '.join(present)}). Use an empty --data-dir, or "
                    "--force, which moves them aside."
                )
            aside = _replace(settings, staged, present)
        create_keys(settings)
        migrated, _ = migrate(settings)
        return Restored(manifest, aside, migrated)
    finally:
        connection.close()
        lock.release()


def _check(manifest: Manifest, staged: Path) -> None:
    if manifest.database != connection.vendor:
        raise NotRestored(
            f"The backup is of a {manifest.database} database, this instance uses {connection.vendor}. Set "
            "TASKFLOW_DATABASE_URL to the same kind of database."
        )
    database = staged / (_SQLITE if connection.vendor == "sqlite" else _DUMP)
    if not database.is_file():
        raise BadArchive("The backup holds no database.")
    if connection.vendor == "sqlite":
        with contextlib.closing(sqlite3.connect(database)) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise BadArchive(f"The backup's database is damaged: {found}")


def _list_present(settings: Settings) -> list[str]:
    """What a restore would replace."""
    present = [name for name in _KEYS if (settings.data_dir / name).exists()]
    folder = find_file_folder(settings.data_dir)
    present += [folder.name] if folder.exists() else []
    path = find_sqlite_file()
    if path is None:
        present += ["the database"] if connection.introspection.table_names() else []
    elif path.exists():
        present.append(path.name)
    return present


def _replace(settings: Settings, staged: Path, present: list[str]) -> Path | None:
    connection.close()
    aside = None
    path = find_sqlite_file()
    if present:
        aside = settings.data_dir / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        aside.mkdir(mode=0o700)
        if path is None:
            postgres.dump(aside / _DUMP)
        # Keys first: a database without its keys is useless, keys without a database are whole.
        moved = [settings.data_dir / name for name in _KEYS]
        moved.append(find_file_folder(settings.data_dir))
        if path is not None:
            _fold_log(path)
            moved += [path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"), path]
        for old in moved:
            if old.exists():
                shutil.move(old, aside / old.name)
    # Before the database that names them: a restore that breaks off here leaves none that lacks its files.
    place_files(staged / MEMBERS, find_file_folder(settings.data_dir))
    if path is None:
        postgres.load(staged / _DUMP)
    else:
        shutil.move(staged / _SQLITE, path)
    for name in _KEYS:
        if (staged / name).is_file():
            os.replace(staged / name, settings.data_dir / name)
    return aside


def _fold_log(path: Path) -> None:
    """Bring the write-ahead log into the database file, so that a crash in the middle of the move parts nothing."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
