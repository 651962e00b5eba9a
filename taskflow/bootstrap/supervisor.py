"""Keeps the processes of the embedded mode running, and ends them together.

It has one thread and no database connection for its whole life, so it may fork at any time.
"""

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from taskflow.bootstrap.children import Lifeline, Program, spawn

log = logging.getLogger(__name__)

#: Seconds from the first signal until what still runs is killed; the promise to the outside is 10.
DRAIN = 9.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
#: A child that lived for so many seconds is restarted at once when it dies.
_HEALTHY_LIFE = 30.0


@dataclass
class _Child:
    program: Program
    pid: int | None = None
    ready: int | None = None
    started: float = 0.0
    start_at: float = 0.0
    pause: float = _FIRST_PAUSE


class Supervisor:
    """Runs programs as forked children until a signal comes."""

    def __init__(self, programs: Iterable[Program], on_ready: Callable[[], None]) -> None:
        """`on_ready` is called once, when every program has said that it can do its work."""
        self._children = [_Child(program) for program in programs]
        self._on_ready = on_ready
        self._announced = False
        self._waiting = {child.program.name for child in self._children}
        self._signals = 0
        self._stop_at: float | None = None

    def run(self) -> int:
        """Return when SIGTERM or SIGINT has ended every child: 0, or 1 if one had to be killed."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        self._lifeline = Lifeline()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        killed = False
        try:
            while True:
                self._reap()
                if self._signals and self._stop_at is None:
                    self._stop_at = time.monotonic() + DRAIN
                    self._send(signal.SIGTERM)
                if self._stop_at is not None:
                    if not any(child.pid for child in self._children):
                        return int(killed)
                    if (self._signals > 1 or time.monotonic() >= self._stop_at) and not killed:
                        killed = True
                        self._send(signal.SIGKILL)
                else:
                    self._start_what_is_due()
                self._wait(wake_read)
        finally:
            signal.set_wakeup_fd(-1)
            self._lifeline.close()

    def _note_signal(self, *_: object) -> None:
        self._signals += 1

    def _start_what_is_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid is None and now >= child.start_at:
                child.started = now
                child.pid, child.ready = spawn(child.program, self._lifeline)

    def _wait(self, wake_read: int) -> None:
        pending = [child.ready for child in self._children if child.ready is not None]
        ready, _, _ = select.select([wake_read, *pending], [], [], self._next_moment())
        if wake_read in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(wake_read, 512):
                    pass
        for child in self._children:
            if child.ready is not None and child.ready in ready:
                self._hear(child)

    def _hear(self, child: _Child) -> None:
        assert child.ready is not None  # noqa: S101 - `_wait` looked
        said = os.read(child.ready, 1)
        os.close(child.ready)
        child.ready = None
        if said:
            self._waiting.discard(child.program.name)
            if not self._waiting and not self._announced and self._stop_at is None:
                self._announced = True
                self._on_ready()

    def _next_moment(self) -> float | None:
        """Seconds until something is due without a signal: a restart, or the end of patience."""
        moments = [child.start_at for child in self._children if child.pid is None and self._stop_at is None]
        if self._stop_at is not None:
            moments.append(self._stop_at)
        return max(0.01, min(moments) - time.monotonic()) if moments else None

    def _reap(self) -> None:
        for child in self._children:
            if child.pid is None:
                continue
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    self._note_end(child, status)

    def _note_end(self, child: _Child, status: int) -> None:
        now = time.monotonic()
        lived, child.pid = now - child.started, None
        if child.ready is not None:
            self._hear(child)
        if self._stop_at is not None or self._signals:
            return
        child.pause = _FIRST_PAUSE if lived >= _HEALTHY_LIFE else min(_LONGEST_PAUSE, child.pause * 2)
        child.start_at = now + child.pause
        code = os.waitstatus_to_exitcode(status)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        log.error("the %s process %s; starting it again in %.1f s", child.program.name, how, child.pause)

    def _send(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, number)
