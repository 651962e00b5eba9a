"""The gateway of an instance that has no other: a process of the worker's, on loopback, started when it is needed."""

import contextlib
import json
import logging
import os
import secrets
import select
import socket
import subprocess
import sys
import threading
import time

from taskflow.plugin_host.inspector import private_environment
from taskflow.plugin_host.state import CallFailed

log = logging.getLogger(__name__)

#: Seconds: one that lived longer is started again at once; else the pause before the next start doubles.
_HEALTHY_LIFE = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
#: Seconds until the next start that a question waits for; where it is longer, it is answered without a model.
_WORTH_WAITING = 1.0
#: Seconds that it gets to end.
_GRACE = 4.0
#: Seconds between the end of a dying process's connections and its own, at most.
_ENDING = 0.5


class GatewayProcess:
    """A gateway, and where it is. Safe to share between threads.

    The listening socket is this process's own: it stays when the gateway dies, so that what connects meanwhile is
    served by the next one.
    """

    def __init__(self, *, log_level: str = "info") -> None:
        self.token = secrets.token_urlsafe(32)
        self._log_level = log_level
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started, self._pause, self._start_at = 0.0, _FIRST_PAUSE, 0.0
        #: Gets a byte, or its end, once the process takes requests, or never will.
        self._ready: int | None = None

    def find(self, *, deadline: float) -> str:
        """Its address; starts it where it does not run and waits for that up to `deadline` seconds. `CallFailed`, also
        while it is too soon after it died, but for a moment."""
        ends = time.monotonic() + deadline
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            if self._process is None or self._process.poll() is not None:
                self._start(self._listener, deadline)
            self._wait(ends - time.monotonic())
            return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def lost(self) -> None:
        """Waits a moment for the process's end, where it is ending: its connections go first, and what connects before
        that is noticed would wait for a successor that nobody starts."""
        process = self._process
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_ENDING)

    def silent(self) -> None:
        """Kills it: the next question starts another."""
        process = self._process
        if process is not None and process.poll() is None:
            log.error("the gateway does not answer any more and is ended")
            process.kill()
            process.wait()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    def stop(self) -> None:
        """Ends it, and whatever it runs."""
        with self._lock:
            process, self._process = self._process, None
            listener, self._listener = self._listener, None
            self._forget_ready()
        if listener is not None:
            listener.close()
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()

    def _wait(self, deadline: float) -> None:
        if self._ready is None:
            return
        readable, _, _ = select.select([self._ready], [], [], max(0.0, deadline))
        if not readable:
            raise CallFailed("busy", "The gateway is still starting.", retry_after=1.0)
        self._forget_ready()

    def _start(self, listener: socket.socket, deadline: float) -> None:
        now = time.monotonic()
        self._forget_ready()
        if self._process is not None:
            self._note_end(self._process, now)
        wait = self._start_at - now
        if 0 < wait <= min(_WORTH_WAITING, deadline):
            time.sleep(wait)
            now = time.monotonic()
        elif wait > 0:
            raise CallFailed("crash", f"The gateway died and is started again in {wait:.1f} s.", retry_after=wait)
        self._ready, telling = os.pipe()
        setup = {
            "ready": telling,
            "token": self.token,
            "descriptor": listener.fileno(),
            "follows": True,
            "log_level": self._log_level,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "taskflow.gateway.serve"],
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(), telling),
            # Nothing of the instance's own: no settings, no keys.
            env=private_environment(),
        )
        os.close(telling)
        if self._process.stdin is not None:
            # It stays open: its end tells the gateway that this process is gone.
            self._process.stdin.write(json.dumps(setup).encode() + b"\n")
            self._process.stdin.flush()
        self._started = now

    def _forget_ready(self) -> None:
        ready, self._ready = self._ready, None
        if ready is not None:
            os.close(ready)

    def _note_end(self, process: subprocess.Popen[bytes], now: float) -> None:
        if process.stdin is not None and not process.stdin.closed:
            process.stdin.close()
            healthy = now - self._started >= _HEALTHY_LIFE
            self._pause = _FIRST_PAUSE if healthy else min(_LONGEST_PAUSE, self._pause * 2)
            self._start_at = now if healthy else now + self._pause
            log.error("the gateway ended with code %s", process.returncode)


class RemoteGateway:
    """A gateway that somebody else runs. `address` has no path."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self.token = address, token

    def find(self, *, deadline: float) -> str:
        """Its address."""
        return self._address

    def lost(self) -> None:
        """Whoever runs it starts it again."""

    def silent(self) -> None:
        """As `lost`."""
