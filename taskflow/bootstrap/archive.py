"""The backup's file format: a .tar.gz with a manifest and, for each file in it, size and SHA-256."""

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
#: 2: files that people attached, below `attachments/`.
FORMAT = 2
#: About 200 bytes a file: half a million files.
_LONGEST_MANIFEST = 100_000_000
#: What an archive may hold: plain names, and the contents of attachments in one folder.
_MEMBER = re.compile(r"(attachments/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class BadArchive(Exception):
    """The file is no backup, or it is damaged."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    version: str
    created_at: str
    database: str
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT


def write_archive(target: Path, manifest: Manifest, files: Mapping[str, Path]) -> Manifest:
    """Write the archive, readable by its owner alone; it appears complete or not at all. Raises OSError."""
    described = {name: {"size": path.stat().st_size, "sha256": _digest(path)} for name, path in sorted(files.items())}
    complete = Manifest(manifest.version, manifest.created_at, manifest.database, described)
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
                text = json.dumps(asdict(complete), indent=2).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size, entry.mode = len(text), 0o600
                archive.addfile(entry, io.BytesIO(text))
                for name, path in sorted(files.items()):
                    _add(archive, name, path)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return complete


def read_archive(source: Path, folder: Path) -> Manifest:
    """Unpack into an empty folder what the manifest names, and compare sizes and digests. Raises BadArchive."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            manifest = _read_manifest(archive)
            for name, expected in manifest.files.items():
                if not _MEMBER.fullmatch(name):
                    raise BadArchive(f"{source} names a file outside of itself: {name}")
                _unpack(archive, name, folder / name)
                if _digest(folder / name) != expected["sha256"]:
                    raise BadArchive(f"{source} is damaged: {name} is not what the manifest says.")
    except (tarfile.TarError, EOFError, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise BadArchive(f"There is no file {source}.") from None
        raise BadArchive(f"{source} is no backup of TaskFlow, or it is damaged ({error}).") from None
    return manifest


def _read_manifest(archive: tarfile.TarFile) -> Manifest:
    member = archive.extractfile(MANIFEST)
    if member is None:
        raise ValueError("no manifest")
    manifest = Manifest(**json.loads(member.read(_LONGEST_MANIFEST)))
    if manifest.format > FORMAT:
        raise BadArchive(f"The backup was made by a newer release ({manifest.version}). Restore it with that one.")
    return manifest


def _unpack(archive: tarfile.TarFile, name: str, target: Path) -> None:
    member = archive.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is no file")
    target.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := member.read(1 << 20):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = path.stat().st_size, 0o600, int(path.stat().st_mtime)
    with path.open("rb") as file:
        archive.addfile(entry, file)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
