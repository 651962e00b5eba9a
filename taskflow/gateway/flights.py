"""Equal questions at one time are one call, which ends early once nobody waits for it any more."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from taskflow.plugin_host.process import Leave

Result = TypeVar("Result")

#: Seconds: who waits for less than this and leaves has not shown that the model is ill.
FAIR_WAIT = 5.0


@dataclass
class _Flight(Generic[Result]):
    task: "asyncio.Task[Result]"
    leave: Leave
    waiting: int = field(default=0)


class Flights(Generic[Result]):
    """For one event loop."""

    def __init__(self) -> None:
        self._flying: dict[str, _Flight[Result]] = {}

    def __len__(self) -> int:
        return len(self._flying)

    async def join(self, key: str, start: Callable[[Leave], Awaitable[Result]], *, seconds: float) -> Result:
        """What `start` gives, called by the first that asks for `key`; whoever asks meanwhile gets the same.

        `TimeoutError` after `seconds`. The call goes on while others wait for it; the last to leave ends it, by its
        `Leave` where it has begun. A caller that is cancelled leaves too.
        """
        flight = self._flying.get(key)
        if flight is None:
            leave = Leave()
            flight = _Flight(asyncio.ensure_future(start(leave)), leave)
            self._flying[key] = flight
            flight.task.add_done_callback(lambda _, key=key, flown=flight: self._land(key, flown))  # type: ignore[misc]
        flight.waiting += 1
        kind = "cancelled"
        try:
            async with asyncio.timeout(seconds) as limit:
                return await asyncio.shield(flight.task)
        except TimeoutError:
            if limit.expired() and seconds >= FAIR_WAIT:
                kind = "timeout"
            raise
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                # Nobody joins what is ending.
                self._land(key, flight)
                flight.leave.take(kind)
                flight.task.cancel()

    def _land(self, key: str, flight: _Flight[Result]) -> None:
        if self._flying.get(key) is flight:
            del self._flying[key]
        if flight.task.done() and not flight.task.cancelled():
            # Looked at, whether or not anybody waits for it.
            flight.task.exception()
