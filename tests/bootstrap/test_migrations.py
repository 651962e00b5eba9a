"""Upgrades of the schema keep a copy of what was there."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from taskflow.bootstrap.migrations import KEEP_COPIES, _keep_copy, copy_sqlite
from tests.bootstrap.instances import run


def execute(data_dir: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data_dir / "taskflow.sqlite3")) as database, database:
        for statement in statements:
            database.execute(statement)


def make_pending(data_dir: Path) -> None:
    execute(
        data_dir,
        "DROP TABLE usersessions_usersession",
        "DELETE FROM django_migrations WHERE app = 'usersessions'",
        "CREATE TABLE mark (text)",
    )


def test_pending_migrations_are_applied_after_a_copy_was_made(data_dir: Path) -> None:
    make_pending(data_dir)
    done = run("migrate", "--data-dir", data_dir, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["applied"] == ["usersessions.0001_initial"]
    copy = Path(report["copy"])
    assert copy.parent == data_dir / "backups"
    assert copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    assert "mark" in tables
    assert "usersessions_usersession" not in tables


def test_without_pending_migrations_nothing_is_copied(data_dir: Path) -> None:
    done = run("migrate", "--data-dir", data_dir, "--json")
    assert json.loads(done.stdout) == {"applied": [], "copy": None}
    assert not (data_dir / "backups").exists()


def test_a_first_start_copies_no_empty_file(migrated: Path) -> None:
    assert not (migrated / "backups").exists()


def test_a_database_of_a_newer_release_is_refused_in_one_line(data_dir: Path) -> None:
    execute(
        data_dir,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('store', '9999_future', '2030-01-01 00:00:00')",
    )
    before = (data_dir / "taskflow.sqlite3").read_bytes()
    for command in (["migrate"], ["up", "--no-browser"]):
        refused = run(*command, "--data-dir", data_dir)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert "9999_future" in refused.stderr
    assert (data_dir / "taskflow.sqlite3").read_bytes() == before


def test_the_newest_copies_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "live.sqlite3"
    with closing(sqlite3.connect(source)) as database, database:
        database.execute("CREATE TABLE t (x)")
    made = [_keep_copy(source, tmp_path / "backups") for _ in range(KEEP_COPIES + 3)]
    assert sorted((tmp_path / "backups").iterdir()) == made[3:]


def test_a_copy_holds_what_is_still_in_the_write_ahead_log(tmp_path: Path) -> None:
    source, target = tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(source, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
        database.execute("INSERT INTO t VALUES (42)")
        copy_sqlite(source, target)
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT x FROM t").fetchone() == (42,)
    assert not os.path.exists(f"{target}-wal")
