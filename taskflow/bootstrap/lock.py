"""One server a data folder."""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

LOCK_NAME = "lock"


@dataclass(frozen=True)
class Note:
    """What the holder of the lock says about itself."""

    pid: int
    address: str


class AlreadyRunning(Exception):
    """Another process serves this data folder."""

    def __init__(self, data_dir: Path, note: Note | None) -> None:
        process = f" (process {note.pid})" if note else ""
        super().__init__(
            f"TaskFlow is already running on {data_dir}{process}. Stop it first, or choose another --data-dir."
        )


class InstanceLock:
    """Held from `acquire` until every process that inherited it has ended, however they end."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._path = data_dir / LOCK_NAME
        self._descriptor: int | None = None

    def acquire(self, address: str = "", *, patience: float = 1.0) -> None:
        """Take the lock, or raise AlreadyRunning after `patience` seconds: children of a server that was killed take
        a moment to follow it. `address` is noted for `doctor`."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    raise AlreadyRunning(self._data_dir, read_note(self._data_dir)) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {address}".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_running(data_dir: Path) -> bool:
    """Whether a server holds the lock of this data folder."""
    try:
        descriptor = os.open(data_dir / LOCK_NAME, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_note(data_dir: Path) -> Note | None:
    """The note of the last holder, who may have ended."""
    try:
        pid, _, address = (data_dir / LOCK_NAME).read_text(encoding="utf-8").partition(" ")
        return Note(int(pid), address.strip())
    except (OSError, ValueError):
        return None
