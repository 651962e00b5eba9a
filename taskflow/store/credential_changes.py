"""Noticing that a credential changed, in every process of this machine at once.

Processes that serve remember tokens for a moment. A counter in a file that they all map is advanced with every change
of a token or an account, after its commit; who finds it advanced forgets what it remembers. Reading it costs no system
call. On other machines a change is noticed when the moment is over.
"""

import fcntl
import itertools
import mmap
import os
import threading
from pathlib import Path
from typing import Any

from django.db import transaction

FILE_NAME = "credential_changes"
_WIDTH = 8
_lock = threading.Lock()
_own = itertools.count(1)


class _Counter:
    """The counter of this process until a file is opened, then the file's."""

    def __init__(self) -> None:
        self.value = 0
        self.path: Path | None = None
        self.shared: mmap.mmap | None = None

    def read(self) -> int:
        return self.value if self.shared is None else int.from_bytes(self.shared[:_WIDTH], "little")


_counter = _Counter()


def open_counter(data_dir: Path, *, create: bool) -> None:
    """Counts with the other processes of this data folder; alone, where the file is not there or cannot be written."""
    path = data_dir / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    except OSError:
        return
    try:
        if os.fstat(descriptor).st_size < _WIDTH:
            os.ftruncate(descriptor, _WIDTH)
        with _lock:
            _counter.shared, _counter.path = mmap.mmap(descriptor, _WIDTH), path
    finally:
        os.close(descriptor)


def read_count() -> int:
    """A number that is another one after every change."""
    return _counter.read()


def note_change(**_: Any) -> None:
    """A token or an account was changed: now, for who reads in this transaction, and for all once it is committed."""
    _advance()
    if transaction.get_connection().in_atomic_block:
        transaction.on_commit(_advance)


def _advance() -> None:
    with _lock:
        if _counter.shared is None or _counter.path is None:
            _counter.value = next(_own)
            return
        with _counter.path.open("rb") as held:
            # Between processes; the lock above is between threads.
            fcntl.flock(held, fcntl.LOCK_EX)
            value = int.from_bytes(_counter.shared[:_WIDTH], "little") + 1
            _counter.shared[:_WIDTH] = (value % 2**63).to_bytes(_WIDTH, "little")
