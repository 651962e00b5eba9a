"""The file store in a folder: whole or absent, private, and nowhere but in its folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskflow.infrastructure.files import FolderStore

NAME = "ab" * 16


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")


def test_what_was_written_is_read_until_it_is_deleted(store: FolderStore) -> None:
    assert store.is_empty()
    store.write(NAME, [b"one ", b"two"])
    assert not store.is_empty()
    with store.open(NAME) as content:
        assert content.read() == b"one two"
    [(name, written_at)] = store.names()
    assert name == NAME
    assert abs((datetime.now(UTC) - written_at).total_seconds()) < 60
    store.delete(NAME)
    store.delete(NAME)
    assert list(store.names()) == []
    with pytest.raises(FileNotFoundError):
        store.open(NAME)


def test_a_content_that_breaks_off_is_absent(store: FolderStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("the client left")

    with pytest.raises(OSError, match="the client left"):
        store.write(NAME, broken())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "name", ["../" * 10 + "etc/passwd", "/etc/passwd", "", "AB" * 16, NAME + "\n", "ab", ".." * 16]
)
def test_a_foreign_name_reaches_nothing(store: FolderStore, name: str) -> None:
    for act in (store.open, store.delete, store.path):
        with pytest.raises(ValueError, match="no name"):
            act(name)
    with pytest.raises(ValueError, match="no name"):
        store.write(name, [b"x"])


def test_a_process_that_is_killed_leaves_nothing_that_is_found(store: FolderStore, tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from taskflow.infrastructure.files import FolderStore\n"
        "def chunks():\n    yield b'half'\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"FolderStore(Path(sys.argv[1])).write('{NAME}', chunks())"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "files")], check=False)
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(FileNotFoundError):
        store.open(NAME)
    assert [name for name, _ in store.names()] == [NAME], "the half is listed, so that it can be swept away"
    store.delete(NAME)
    assert list(store.names()) == []


def test_files_are_their_owners_alone_whatever_the_umask(store: FolderStore) -> None:
    before = os.umask(0)
    try:
        store.write(NAME, [b"x"])
    finally:
        os.umask(before)
    path = store.path(NAME)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
