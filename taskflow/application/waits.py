"""Jobs that wait for somebody else's answer: meanwhile they take nothing of this process, and others may work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_waiting = 0


@contextmanager
def waiting() -> Iterator[None]:
    """Within it the job of this thread waits for an answer: it holds no transaction, and computes next to nothing."""
    global _waiting
    with _lock:
        _waiting += 1
    try:
        yield
    finally:
        with _lock:
            _waiting -= 1


def count() -> int:
    """How many wait now."""
    return _waiting
