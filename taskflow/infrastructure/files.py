"""The file store in a folder of the instance's data: `attachments/ab/cd/abcd…`.

A content is written under a name of its own, brought to the disk, and only then renamed to where it is found, so that
a crash leaves a whole file or a half one that nobody finds. Where several hosts serve one instance, they share it.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

_NAME = re.compile(r"[0-9a-f]{32}")
#: Files that are being written, beside the finished ones so that the rename stays on one file system.
_INCOMING = "incoming"


def find_file_folder(data_dir: Path) -> Path:
    """Where an instance keeps what people attach."""
    return data_dir / "attachments"


class FolderStore:
    """Fulfils `application.ports.FileStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Where a content lies; `ValueError` for what is no name of the store's."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a stored file")
        return self._folder / name[:2] / name[2:4] / name

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        target, part = self.path(name), self._folder / _INCOMING / name
        self._make(part.parent)
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            self._make(target.parent)
            os.replace(part, target)
            _sync(target.parent)
        finally:
            part.unlink(missing_ok=True)

    def open(self, name: str) -> BinaryIO:
        return self.path(name).open("rb")

    def delete(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)
        (self._folder / _INCOMING / name).unlink(missing_ok=True)

    def names(self) -> Iterator[tuple[str, datetime]]:
        for folder, _, found in os.walk(self._folder):
            for name in found:
                if _NAME.fullmatch(name):
                    # Whoever deletes meanwhile takes what was listed.
                    with contextlib.suppress(FileNotFoundError):
                        changed = os.stat(os.path.join(folder, name)).st_mtime
                        yield name, datetime.fromtimestamp(changed, UTC)

    def is_empty(self) -> bool:
        return not self._folder.exists()

    def _make(self, folder: Path) -> None:
        """The folder, its own entry durable too."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
