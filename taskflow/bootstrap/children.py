"""A forked process that dies with its parent."""

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Program:
    """What a child runs: `main(ready)` calls `ready` once when it can do its work, and returns an exit code."""

    name: str
    main: Callable[[Callable[[], None]], int]


class Lifeline:
    """A pipe whose writing end only the parent holds: children see its end when the parent is gone."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        # Loaded here, since a child should not have to look for libraries.
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def follow(self, parent: int, name: str) -> None:
        """In the child: take a name that `ps` and `top` show, and be killed as soon as the parent ends in any way.

        Work in progress is covered by leases and transactions, so an immediate end loses nothing, and the port and the
        files are free at once.
        """
        os.close(self._write)
        if self._libc is not None:
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            self._libc.prctl(_PR_SET_NAME, f"taskflow-{name}".encode())
        if os.getppid() != parent:
            os._exit(1)
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def _watch(self) -> None:
        os.read(self._read, 1)
        os.kill(os.getpid(), signal.SIGKILL)

    def close(self) -> None:
        """In the parent: let go, which ends the children."""
        os.close(self._read)
        os.close(self._write)


def spawn(program: Program, lifeline: Lifeline) -> tuple[int, int]:
    """Fork a child that runs `program`; its process id and a pipe that gives one byte when it is ready.

    The parent must have one thread and no database connection.
    """
    ready_read, ready_write = os.pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    # Until the child has its own handlers a signal waits: the parent's would only count it.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        os.close(ready_write)
        return pid, ready_read
    code = 1
    try:
        os.close(ready_read)
        signal.set_wakeup_fd(-1)
        # Ctrl-C reaches the whole process group; the parent decides what ends when.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        lifeline.follow(parent, program.name)
        code = program.main(lambda: _tell(ready_write))
    except BaseException:
        log.exception("%s ended with an error", program.name)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        # Not sys.exit: that would wait for threads, and run the parent's exit handlers.
        os._exit(code)


def _tell(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, b"1")
        os.close(descriptor)
