"""The host's side of a plugin's process: starting it, calling it, and ending it whatever it does."""

import contextlib
import itertools
import logging
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from taskflow.plugin_host import frames
from taskflow.plugin_host.allowance import Allowance
from taskflow.plugin_host.inspector import DEADLINE, describe_end, private_environment
from taskflow.plugin_host.messages import Said, SaidError, read_message
from taskflow.plugin_host.redaction import Redactor, clean_text, redactor_of
from taskflow.plugin_host.state import CallFailed, EnabledPlugin, Offer, Outbound

log = logging.getLogger(__name__)

#: Seconds that a call which was told to stop may take for that before its process is killed.
GRACE = 1.0
#: Characters of what a plugin printed that are shown when its process dies, and bytes that are kept for that: secrets
#: are taken out before anything is cut.
_LONGEST_OUTPUT = 8_000
_KEPT_OUTPUT = 64_000
_CHUNK = 65_536
#: Seconds after a whole chunk: one that prints without end must not keep a core of ours busy.
_BREATH = 0.002
#: Lines of its log beyond the allowance that `child.py` keeps to. Whoever sends so many goes past it.
_MOST_LEFT_OUT = 1_000
_PEOPLE = 200
_SEND_TIMEOUT = 2


class Leave:
    """How whoever waits for a call can leave before its deadline. Safe to share between threads; for one call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event: threading.Event | None = None
        #: The kind that the call then fails with.
        self.kind: str | None = None

    def take(self, kind: str) -> None:
        """Gives the call up: it ends soon with `CallFailed` of this kind (`timeout`, or `cancelled`, which nobody is to
        blame for), if it still runs."""
        with self._lock:
            self.kind = self.kind or kind
            if self._event is not None:
                self._event.set()

    def watch(self, event: threading.Event) -> None:
        """Has `event` set once somebody leaves."""
        with self._lock:
            self._event = event
            if self.kind is not None:
                event.set()


@dataclass(slots=True)
class _Waiting:
    """A call whose answer has not come."""

    done: threading.Event = field(default_factory=threading.Event)
    #: Set when there is something to look at: an answer, an end, or somebody who left.
    stirred: threading.Event = field(default_factory=threading.Event)
    answer: Said | None = None

    def settle(self) -> None:
        """Nothing more will come."""
        self.done.set()
        self.stirred.set()


class PluginProcess:
    """One plugin with one set of settings. Its process starts at the first call and again after it died.

    Safe to share between threads. `start_deadline` is in seconds.
    """

    def __init__(self, plugin: EnabledPlugin, outbound: Outbound, *, start_deadline: float = DEADLINE) -> None:
        self._plugin, self._outbound, self._start_deadline = plugin, outbound, start_deadline
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def offers(self, *, deadline: float = math.inf) -> tuple[Offer, ...]:
        """What the plugin offers; starts its process. `CallFailed`: `busy` where it still starts after `deadline`
        seconds."""
        return self._running(deadline).offers

    def call(
        self,
        kind: str,
        name: str,
        method: str,
        payload: Mapping[str, Any],
        *,
        deadline: float,
        leave: Leave | None = None,
    ) -> Any:
        """What a method of an object answered, as JSON values. `CallFailed`, after `deadline` and `GRACE` seconds at
        most; twice that for the first call, which waits for the start too."""
        return self._running(deadline).call(kind, name, method, payload, deadline, leave or Leave())

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        child = self._child
        return None if child is None or child.is_dead else child.pid

    def stop(self, *, grace: float = GRACE) -> None:
        """Ends the process: asks it, and kills it after `grace` seconds."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.stop(grace)

    def _running(self, deadline: float) -> "_Child":
        with self._lock:
            if self._child is None or self._child.is_dead:
                self._child = _Child(self._plugin, self._outbound)
            child = self._child
        child.wait_for_start(deadline, self._start_deadline)
        return child


class _Child:
    """One process."""

    def __init__(self, plugin: EnabledPlugin, outbound: Outbound) -> None:
        self._plugin = plugin
        self._began = time.monotonic()
        self._redact = redactor_of(plugin.config, plugin.secrets)
        self.offers: tuple[Offer, ...] = ()
        self._socket, theirs = socket.socketpair()
        # A process that reads nothing any more must not hold up whoever writes to it.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SEND_TIMEOUT, 0))
        # A socket, no pipe: it can be shut although something that the plugin started still holds the other end.
        self._printed, printing = socket.socketpair()
        held, self._lifeline = os.pipe()
        with theirs, printing:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
                # -P: a file in the working directory is no module.
                [sys.executable, "-P", "-m", "taskflow.plugin_host.child", str(theirs.fileno()), str(held)],
                stdin=subprocess.DEVNULL,
                stdout=printing.fileno(),
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(), held),
                env=private_environment(),
                # What it starts is killed with it.
                start_new_session=True,
            )
        os.close(held)
        self._output = bytearray()
        self._log_lines = Allowance()
        #: What people set, of whom the last calls were about: it may be secret, and stand in what is printed.
        self._personal: deque[str] = deque(maxlen=_PEOPLE)
        self._keys = itertools.count(1)
        self._sending, self._state = threading.Lock(), threading.Lock()
        self._loaded = _Waiting()
        self._waiting: dict[int, _Waiting] = {}
        self._is_dead = False
        self._end: tuple[str, str] | None = None
        name = f"plugin-{plugin.slug}"
        self._collecting = threading.Thread(target=self._collect_output, name=f"{name}-output", daemon=True)
        self._collecting.start()
        threading.Thread(target=self._receive, name=name, daemon=True).start()
        try:
            self._load(outbound)
        except CallFailed:
            # Nobody would ever speak to it.
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_dead(self) -> bool:
        """Whether it answers no more."""
        return self._is_dead

    def _load(self, outbound: Outbound) -> None:
        """Hands over the settings."""
        plugin = self._plugin
        self._send(
            {
                "module": plugin.module,
                "slug": plugin.slug,
                "config": dict(plugin.config),
                "secrets": sorted(plugin.secrets),
                "outbound": asdict(outbound),
            }
        )

    def wait_for_start(self, deadline: float, start_deadline: float) -> None:
        """Waits until the plugin is there, but no longer than `deadline`; ends it `start_deadline` after its start."""
        left = self._began + start_deadline - time.monotonic()
        if not self._loaded.done.wait(max(0.0, min(left, deadline))):
            if deadline < left:
                raise CallFailed("busy", "It is still starting.", retry_after=1.0)
            self.kill()
            raise CallFailed("timeout", f"It did not load within {start_deadline:g} seconds.")
        answer = self._loaded.answer
        if answer is None:
            raise self._ended()
        if answer.error is not None:
            self.kill()
            raise _failure(answer.error)
        self.offers = tuple(
            Offer(self._plugin.slug, offer.kind.value, offer.name, frozenset(offer.can))
            for offer in answer.offers or ()
        )

    def call(self, kind: str, name: str, method: str, payload: Mapping[str, Any], deadline: float, leave: Leave) -> Any:
        if leave.kind is not None:
            # It left while the process started: what nobody waits for is not even asked.
            raise CallFailed("cancelled", "Nobody waits for its answer any more.")
        key, waiting, began = next(self._keys), _Waiting(), time.monotonic()
        settings = payload.get("recipient", {}).get("settings") or {}
        self._personal.extend(value for value in settings.values() if isinstance(value, str))
        with self._state:
            self._waiting[key] = waiting
        try:
            self._send({"id": key, "kind": kind, "name": name, "method": method, "payload": dict(payload)})
            leave.watch(waiting.stirred)
            if not self._is_dead and not (waiting.stirred.wait(deadline) and waiting.done.is_set()):
                self._give_up(key, waiting, time.monotonic() - began, leave)
        finally:
            with self._state:
                self._waiting.pop(key, None)
        answer = waiting.answer
        if answer is None:
            raise self._ended()
        if answer.error is not None:
            raise _failure(answer.error)
        return answer.result

    def _give_up(self, key: int, waiting: _Waiting, waited: float, leave: Leave) -> None:
        self._send({"cancel": key})
        if not waiting.done.wait(GRACE):
            self.kill()
            raise CallFailed(
                "bug",
                f"It did not stop within {GRACE:g} s after its {waited:.3g} s were over: it blocks its event loop. "
                "Its process was ended.",
                where="blocked",
            )
        # What it did all the same is done: a mail that was sent is not sent again.
        if waiting.answer is None or waiting.answer.cancelled:
            if leave.kind == "cancelled":
                raise CallFailed("cancelled", "Nobody waits for its answer any more.")
            raise CallFailed("timeout", f"It did not answer within {waited:.3g} seconds.", where="deadline")

    def _send(self, message: dict[str, Any]) -> None:
        try:
            frame = frames.encode(message)
        except ValueError as error:
            raise CallFailed("not_allowed", f"It cannot be asked with {error}.") from error
        with self._sending:
            try:
                self._socket.sendall(frame)
            except BlockingIOError as error:
                # Half a message may be on its way; nothing after it would be understood.
                self.kill()
                raise CallFailed("bug", "It reads nothing: it blocks its event loop.", where="blocked") from error
            except OSError:
                # It is gone; what waits is told so when its end is read.
                return

    def _receive(self) -> None:
        with self._socket.makefile("rb") as stream:
            try:
                while (message := frames.read(stream)) is not None:
                    self._take(read_message(message, self._redact))
            except (ValueError, OSError) as error:
                self._end = "bug", f"It sent {error}."
                self.kill()
        self._note_end()

    def _take(self, said: Said) -> None:
        if said.log is not None:
            self._log(*said.log)
        elif said.id is not None:
            with self._state:
                waiting = self._waiting.get(said.id)
            # The first answer counts.
            if waiting is not None and not waiting.done.is_set():
                waiting.answer = said
                waiting.settle()
        elif not self._loaded.done.is_set():
            self._loaded.answer = said
            self._loaded.settle()

    def _log(self, level: int, text: str) -> None:
        missed = self._log_lines.take()
        if missed is not None:
            log.log(level, "%s: %s", self._plugin.slug, text)
        elif self._log_lines.left_out > _MOST_LEFT_OUT:
            raise ValueError("more lines of a log than anybody reads")

    def _note_end(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        with self._state:
            self._is_dead = True
            waiting = list(self._waiting.values())
        for each in (self._loaded, *waiting):
            each.settle()
        self.kill()
        with self._sending:
            self._socket.close()
        os.close(self._lifeline)

    def _ended(self) -> CallFailed:
        kind, message = self._end or ("crash", describe_end(self._process.poll()))
        return CallFailed(kind, message, trace=self._last_output(), where=message)

    def _last_output(self) -> str:
        self._collecting.join(GRACE)
        text = bytes(self._output).decode(errors="replace")
        if len(self._output) >= _KEPT_OUTPUT:
            # The first line may begin in the middle of a secret.
            text = text.partition("\n")[2]
        printed = Redactor(tuple(self._personal))(self._redact(text))
        return clean_text(printed)[-_LONGEST_OUTPUT:]

    def _collect_output(self) -> None:
        with self._printed:
            while chunk := self._read_output():
                self._output += chunk
                del self._output[:-_KEPT_OUTPUT]
                if len(chunk) == _CHUNK:
                    time.sleep(_BREATH)

    def _read_output(self) -> bytes:
        try:
            return self._printed.recv(_CHUNK)
        except OSError:
            return b""

    def kill(self) -> None:
        """Ends it and what it started, at once."""
        self._is_dead = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for each in (self._socket, self._printed):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._process.wait()

    def stop(self, grace: float) -> None:
        """Asks it to end, and kills it after `grace` seconds."""
        with contextlib.suppress(CallFailed):
            self._send({"stop": True})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()


def _failure(error: SaidError) -> CallFailed:
    return CallFailed(error.kind, error.message, retry_after=error.retry_after, trace=error.trace, where=error.where)
