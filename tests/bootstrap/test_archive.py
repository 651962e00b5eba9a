"""The backup's file: complete or absent, private, and checked before anything is believed."""

import hashlib
import io
import json
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest

from taskflow.bootstrap.archive import MANIFEST, BadArchive, Manifest, read_archive, write_archive

BLANK = Manifest(version="1.2.3", created_at="2026-11-24T09:00:00+00:00", database="sqlite")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "one").write_text("first")
    (tmp_path / "two").write_bytes(bytes(range(256)) * 1000)
    target = tmp_path / "backup.tar.gz"
    write_archive(target, BLANK, {"one": tmp_path / "one", "two": tmp_path / "two"})
    return target


def build(target: Path, manifest: dict[str, Any], members: dict[str, bytes]) -> Path:
    with tarfile.open(target, "w:gz") as archive:
        for name, content in {MANIFEST: json.dumps(manifest).encode(), **members}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return target


def describe(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_what_was_written_is_read_back(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    manifest = read_archive(archive, folder)
    assert (manifest.version, manifest.database) == ("1.2.3", "sqlite")
    assert (folder / "one").read_text() == "first"
    assert (folder / "two").read_bytes() == bytes(range(256)) * 1000
    assert sorted(path.name for path in folder.iterdir()) == ["one", "two"]


def test_a_backup_is_private_and_leaves_nothing_beside_it(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert sorted(path.name for path in archive.parent.iterdir()) == ["backup.tar.gz", "one", "two"]


def test_a_backup_that_fails_keeps_the_older_one(archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(FileNotFoundError):
        write_archive(archive, BLANK, {"missing": archive.with_name("missing")})
    assert archive.read_bytes() == before


def test_a_cut_or_changed_file_is_refused(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    for number, damaged in enumerate([whole[:-200], whole[:100], b"", b"not an archive" * 50]):
        archive.write_bytes(damaged)
        folder = tmp_path / f"out{number}"
        folder.mkdir()
        with pytest.raises(BadArchive, match=r"backup\.tar\.gz"):
            read_archive(archive, folder)


def test_contents_that_differ_from_the_manifest_are_refused(tmp_path: Path) -> None:
    manifest = {"version": "1", "created_at": "", "database": "sqlite", "files": {"one": describe(b"first")}}
    with pytest.raises(BadArchive, match="one is not what the manifest says"):
        read_archive(build(tmp_path / "b", manifest, {"one": b"other"}), tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",
        "a/b",
        ".hidden",
        "attachments/../evil",
        "attachments/.x",
        "attachments/a/b",
        "attachments/",
    ],
)
def test_a_member_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    manifest = {"version": "1", "created_at": "", "database": "sqlite", "files": {name: describe(b"x")}}
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(BadArchive, match="outside of itself"):
        read_archive(build(tmp_path / "b", manifest, {name: b"x"}), folder)
    assert list(folder.iterdir()) == []


def test_a_backup_of_a_newer_format_names_the_release(tmp_path: Path) -> None:
    manifest = {"version": "9.9", "created_at": "", "database": "sqlite", "files": {}, "format": 99}
    with pytest.raises(BadArchive, match=r"newer release \(9\.9\)"):
        read_archive(build(tmp_path / "b", manifest, {}), tmp_path)


@pytest.mark.parametrize("manifest", [{}, {"version": "1"}, {"version": "1", "surprise": 1}])
def test_a_foreign_archive_is_refused(tmp_path: Path, manifest: dict[str, Any]) -> None:
    with pytest.raises(BadArchive, match="no backup of TaskFlow"):
        read_archive(build(tmp_path / "b", manifest, {}), tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="There is no file"):
        read_archive(tmp_path / "missing", tmp_path)
