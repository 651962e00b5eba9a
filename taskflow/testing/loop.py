"""What is measured of an event loop: for how long something blocked it, and how a call takes being cancelled."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")
#: Seconds between two ticks.
_TICK = 0.01


class Blocked:
    """For how long a loop was kept from running other tasks, in seconds, at the longest."""

    def __init__(self) -> None:
        self.longest = 0.0


@contextlib.asynccontextmanager
async def measure_blocking() -> AsyncIterator[Blocked]:
    """Measures the running loop until the end of the block.

    A pause in which a thread beside the loop stood still as well was the machine's, and does not count, unless the
    loop's own thread computed meanwhile.
    """
    blocked, witness = Blocked(), _Witness()
    witness.start()
    task = asyncio.create_task(_tick(blocked, witness))
    # It has to be waiting when the block begins.
    await asyncio.sleep(0)
    try:
        yield blocked
        # A loop that is blocked until here shows it at the next tick.
        await asyncio.sleep(_TICK * 2)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        witness.stop()


async def _tick(blocked: Blocked, witness: "_Witness") -> None:
    while True:
        began, computed = time.monotonic(), time.thread_time()
        await asyncio.sleep(_TICK)
        late = time.monotonic() - began - _TICK
        stood_still = witness.longest_since(began)
        computed = time.thread_time() - computed
        blocked.longest = max(blocked.longest, min(late, max(late - stood_still, computed)))


class _Witness:
    """A thread that only sleeps, and remembers when it was woken late."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._last = time.monotonic()
        self._late: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def longest_since(self, moment: float) -> float:
        """The longest that it was woken too late since then, or is overdue now."""
        overdue = time.monotonic() - self._last - _TICK
        return max(0.0, overdue, *(late for ended, late in self._late[-100:] if ended >= moment))

    def _run(self) -> None:
        while not self._ended.wait(_TICK):
            now = time.monotonic()
            late = now - self._last - _TICK
            if late > _TICK:
                self._late.append((now, late))
            self._last = now


async def cancel_at(call: Callable[[], Coroutine[Any, Any, Result]], number: int, *, within: float) -> bool:
    """Starts a call and cancels it where it awaits for the `number`-th time; whether it got that far.

    `NeverEnded` when it has not ended `within` seconds, `SwallowedCancellation` when it answers all the same. What it
    raises beside `CancelledError` is raised.
    """
    arrived = False

    def cancel() -> None:
        nonlocal arrived
        arrived = True
        task.cancel()

    task = asyncio.create_task(_counted(call(), number, cancel))
    done, _ = await asyncio.wait({task}, timeout=within)
    if not done:
        task.cancel()
        raise NeverEnded
    if task.cancelled():
        return arrived
    failure = task.exception()
    if failure is not None:
        raise failure
    if arrived:
        raise SwallowedCancellation
    return False


class NeverEnded(Exception):
    """A call went on though it was cancelled."""


class SwallowedCancellation(Exception):
    """A call answered as if it had not been cancelled."""


class _Steps(Awaitable[Result]):
    """A coroutine whose awaits are counted."""

    def __init__(self, coroutine: Coroutine[Any, Any, Result], number: int, cancel: Callable[[], None]) -> None:
        self._coroutine, self._number, self._cancel = coroutine, number, cancel

    def __await__(self) -> Generator[Any, Any, Result]:
        step: Callable[[], Any] = lambda: self._coroutine.send(None)  # noqa: E731
        count = 0
        while True:
            try:
                waited_for = step()
            except StopIteration as end:
                result: Result = end.value
                return result
            count += 1
            if count == self._number:
                self._cancel()
            try:
                sent = yield waited_for
            except BaseException as error:
                step = _throwing(self._coroutine, error)
            else:
                step = _sending(self._coroutine, sent)


def _sending(coroutine: Coroutine[Any, Any, Any], value: Any) -> Callable[[], Any]:
    return lambda: coroutine.send(value)


def _throwing(coroutine: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: coroutine.throw(error)


async def _counted(coroutine: Coroutine[Any, Any, Result], number: int, cancel: Callable[[], None]) -> Result:
    return await _Steps(coroutine, number, cancel)
