"""Backup and restore, as the operator runs them."""

import json
import sqlite3
import subprocess
import sys
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


def attach(data_dir: Path, content: bytes) -> str:
    """A file on a task, put there as a request would; its name in the file store."""
    script = """
import sys; from io import BytesIO
from taskflow.bootstrap.instance import open_instance
open_instance({"data_dir": sys.argv[1]})
from taskflow.application.accounts import find_user
from taskflow.application.attachments import add_attachment
from taskflow.application.stored_files import Upload, stored
from taskflow.application.tasks import create_task
ada = find_user("ada").as_actor()
task = create_task(ada, {"title": "Paint"})
content = sys.argv[2].encode()
with stored(Upload("note.txt", "", len(content), BytesIO(content))) as file:
    print(add_attachment(ada, task.pk, file).blob_name)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(data_dir), content.decode()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_attached_files_are_in_a_backup_and_back_in_their_place(with_ada: Path, tmp_path: Path) -> None:
    name = attach(with_ada, b"Hello")
    file, new = tmp_path / "backup.tar.gz", tmp_path / "new"
    saved = run("backup", file, "--data-dir", with_ada, "--json")
    assert saved.returncode == 0, saved.stderr
    assert f"attachments/{name}" in json.loads(saved.stdout)["manifest"]["files"]
    restored = run("restore", file, "--data-dir", new)
    assert restored.returncode == 0, restored.stderr
    assert (new / "attachments" / name[:2] / name[2:4] / name).read_bytes() == b"Hello"
    assert [path for path in (*with_ada.iterdir(), *new.iterdir()) if path.name.startswith(".")] == []

    examined = json.loads(run("doctor", "--data-dir", new, "--json").stdout)
    assert "all 1 are there" in str(examined)

    attach(with_ada, b"Later")
    forced = run("restore", file, "--data-dir", with_ada, "--force", "--json")
    assert forced.returncode == 0, forced.stderr
    assert len([path for path in (with_ada / "attachments").rglob("*") if path.is_file()]) == 1
    aside = Path(json.loads(forced.stdout)["aside"])
    assert len([path for path in (aside / "attachments").rglob("*") if path.is_file()]) == 2


def test_doctor_names_a_file_that_is_missing(with_ada: Path) -> None:
    name = attach(with_ada, b"Hello")
    (with_ada / "attachments" / name[:2] / name[2:4] / name).unlink()
    examined = run("doctor", "--data-dir", with_ada, "--json")
    assert examined.returncode == 1
    assert "1 of 1 are missing or cut short: note.txt" in examined.stdout


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
