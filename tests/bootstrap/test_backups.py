"""Backup and restore, as the operator runs them."""

import json
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bootstrap.instances import Instance, run


def names_of(data_dir: Path) -> list[str]:
    with sqlite3.connect(data_dir / "taskflow.sqlite3") as database:
        rows = database.execute("SELECT username FROM store_user ORDER BY username").fetchall()
    database.close()
    return [row[0] for row in rows]


@pytest.fixture
def with_ada(data_dir: Path) -> Path:
    done = run("user", "create", "ada", "--data-dir", data_dir)
    assert done.returncode == 0, done.stderr
    return data_dir


def test_a_backup_restores_people_and_keys_into_an_empty_folder(with_ada: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "backup.tar.gz", tmp_path / "new"
    saved = run("backup", file, "--data-dir", with_ada, "--json")
    assert saved.returncode == 0, saved.stderr
    files = json.loads(saved.stdout)["manifest"]["files"]
    assert sorted(files) == ["database.sqlite3", "secret_key", "secret_keys"]
    assert file.stat().st_mode & 0o077 == 0

    restored = run("restore", file, "--data-dir", new)
    assert restored.returncode == 0, restored.stderr
    assert names_of(new) == ["ada"]
    for name in ("secret_key", "secret_keys"):
        assert (new / name).read_text() == (with_ada / name).read_text()
    assert sorted(path.name for path in new.iterdir() if path.name.startswith(".")) == []
    assert run("user", "reset-link", "ada", "--data-dir", new).returncode == 0


def test_data_that_are_there_are_kept_unless_forced_and_then_moved_aside(with_ada: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    run("backup", file, "--data-dir", with_ada)
    run("user", "create", "bob", "--data-dir", with_ada)

    refused = run("restore", file, "--data-dir", with_ada)
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert names_of(with_ada) == ["ada", "bob"]

    forced = run("restore", file, "--data-dir", with_ada, "--force", "--json")
    assert forced.returncode == 0, forced.stderr
    assert names_of(with_ada) == ["ada"]
    assert names_of(Path(json.loads(forced.stdout)["aside"])) == ["ada", "bob"]


def test_a_damaged_backup_changes_nothing(with_ada: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    run("backup", file, "--data-dir", with_ada)
    file.write_bytes(file.read_bytes()[:-500])
    refused = run("restore", file, "--data-dir", with_ada, "--force")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "damaged" in refused.stderr
    assert names_of(with_ada) == ["ada"]


def test_a_backup_beside_writers_is_consistent(
    make_instance: Callable[..., Instance], data_dir: Path, tmp_path: Path
) -> None:
    """Two rows are always written together; no backup has one without the other."""
    path = data_dir / "taskflow.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE pair (half INTEGER)")
    database.close()
    make_instance(data_dir).start()
    stop = threading.Event()

    def write() -> None:
        writer = sqlite3.connect(path, timeout=20, isolation_level=None)
        while not stop.is_set():
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("INSERT INTO pair VALUES (1)")
            writer.execute("INSERT INTO pair VALUES (2)")
            writer.execute("COMMIT")
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        file = tmp_path / "backup.tar.gz"
        saved = run("backup", file, "--data-dir", data_dir)
    finally:
        stop.set()
        thread.join(30)
    assert saved.returncode == 0, saved.stderr
    with tarfile.open(file) as archive:
        archive.extract("database.sqlite3", tmp_path, filter="data")
    copy = sqlite3.connect(tmp_path / "database.sqlite3")
    ones, twos = (copy.execute("SELECT count(*) FROM pair WHERE half = ?", [n]).fetchone()[0] for n in (1, 2))
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy.close()
    assert ones == twos > 0
