"""Wake-ups on one machine: datagrams over a UNIX socket in the data folder.

A datagram is a job's id and nothing else. It may be lost (no worker, a full buffer): the worker looks at the ledger
now and then, and finds the row.
"""

import contextlib
import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path
from uuid import UUID

SOCKET_NAME = "worker.sock"

#: `sun_path` holds 108 bytes on Linux and 104 on macOS and the BSDs, with a closing zero.
_LONGEST_PATH = 100


def find_socket_path(data_dir: Path) -> Path:
    """Where the worker of this data folder listens: in the folder, or, where that path is too long for a socket, in a
    temporary folder of this user alone. Both sides compute the same path."""
    path = data_dir / SOCKET_NAME
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"taskflow-{os.getuid()}" / f"{digest}.sock"


class LocalQueue:
    """The queue port: wakes the worker that listens at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = os.fspath(path)

    def wake(self, job_id: UUID) -> None:
        """Send the job's id; neither raises nor blocks. A socket of its own makes it safe on any thread."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(job_id.bytes, self._path)


class WakeUps:
    """The worker's ear. Several wake-ups in a row count as one."""

    def __init__(self, path: Path) -> None:
        """Listen at `path`; a socket left there by a dead worker is replaced. Raises OSError."""
        _make_private_folder(path.parent)
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(os.fspath(path))
        path.chmod(0o600)
        # A pair of its own interrupts the wait from another thread or a signal handler.
        self._inner, self._poke = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in (self._socket, self._inner, self._poke):
            end.setblocking(False)

    def wait(self, seconds: float) -> None:
        """Return at the next wake-up or poke, or after `seconds`; those that came meanwhile are used up."""
        import select

        ready, _, _ = select.select([self._socket, self._inner], [], [], max(0.0, seconds))
        for end in ready:
            with contextlib.suppress(BlockingIOError):
                while True:
                    end.recv(64)

    def poke(self) -> None:
        """End the present or next wait. Safe on any thread and in a signal handler."""
        with contextlib.suppress(OSError):
            self._poke.send(b"\0")

    def close(self) -> None:
        """Stop listening."""
        for end in (self._socket, self._inner, self._poke):
            end.close()
        self._path.unlink(missing_ok=True)


def _make_private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or (stat.S_IMODE(found.st_mode) & 0o022 and folder.name.startswith("taskflow-")):
        raise PermissionError(f"{folder} belongs to somebody else or can be written by others; remove it")
