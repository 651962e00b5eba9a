"""The one thread that a model runs in: models are not safe to share, and the event loop must not wait for them."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from taskflow.plugin_api import PermanentError, TransientError

#: Calls that run or wait. More would wait for longer than anybody waits for an answer.
MOST_CALLS = 8
#: Seconds after which one who found no place may come again.
_COME_AGAIN = 1.0

Result = TypeVar("Result")


class Leash:
    """Tells work in the thread that nobody waits for it any more."""

    def __init__(self, limit: float) -> None:
        self._limit, self._ends = limit, time.monotonic() + limit
        self._let_go = threading.Event()

    def let_go(self) -> None:
        """Nobody waits."""
        self._let_go.set()

    def check(self) -> None:
        """`TransientError` where the time is over or nobody waits; work calls it between its steps."""
        if self._let_go.is_set():
            raise TransientError("It was cancelled.")
        if time.monotonic() >= self._ends:
            raise TransientError(f"The model did not answer within {self._limit:g} seconds.")


class Worker:
    """Runs one call after another in its thread. After `idle_s` seconds without one (0: never), and when it is closed,
    it calls `unload` there, which must not fail."""

    def __init__(self, name: str, *, idle_s: float, unload: Callable[[], None]) -> None:
        self._name, self._idle_s, self._unload = name, idle_s, unload
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._leashes: set[Leash] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def run(self, work: Callable[[Leash], Result], *, limit: float) -> Result:
        """What `work` returns or raises. Waiting for others counts.

        `TransientError` after `limit` seconds, or at once where too many wait; cancelled, it lets go of the work.
        """
        leash = Leash(limit)
        task = self._submit(work, leash)
        try:
            async with asyncio.timeout(limit):
                return await asyncio.wrap_future(task)
        except TimeoutError as error:
            raise TransientError(f"The model did not answer within {limit:g} seconds.") from error
        finally:
            leash.let_go()
            self._watch_idleness()

    def close(self) -> None:
        """Lets go of all calls and unloads, without waiting for it. It may be called twice."""
        with self._lock:
            self._closed, executor, self._executor = True, self._executor, None
            for leash in self._leashes:
                leash.let_go()
        if self._timer is not None:
            self._timer.cancel()
        if executor is not None:
            executor.submit(self._unload)
            executor.shutdown(wait=False)

    def _submit(self, work: Callable[[Leash], Result], leash: Leash) -> "Future[Result]":
        with self._lock:
            if self._closed:
                raise PermanentError("The plugin was stopped.")
            if len(self._leashes) >= MOST_CALLS:
                raise TransientError(f"{MOST_CALLS} questions wait for the model already.", retry_after=_COME_AGAIN)
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, thread_name_prefix=self._name)
            self._leashes.add(leash)
            task = self._executor.submit(_led, work, leash)
        # Outside of the lock: it is called here and now where the work has ended already.
        task.add_done_callback(lambda _: self._forget(leash))
        return task

    def _forget(self, leash: Leash) -> None:
        with self._lock:
            self._leashes.discard(leash)

    def _watch_idleness(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._idle_s and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._rest)

    def _rest(self) -> None:
        with self._lock:
            idle = not self._leashes
            if self._executor is not None and idle:
                self._executor.submit(self._unload)
        if not idle:
            # Work that nobody waits for any more has not ended yet.
            self._watch_idleness()


def _led(work: Callable[[Leash], Any], leash: Leash) -> Any:
    leash.check()
    return work(leash)
