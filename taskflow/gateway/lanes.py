"""How many calls of one provider run, and how many may wait for that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskflow.gateway.refusals import Refusal
from taskflow.plugin_host.runner import MOST_CALLS

#: Calls that may wait for their turn. At a second each the last of them would wait a quarter of a minute.
MOST_WAITING = 64
#: Seconds that a call counts as before any was measured.
_FIRST_GUESS = 1.0
#: The part that the newest call has in the mean.
_NEWEST = 0.2


class Lane:
    """For one event loop. First come, first served."""

    def __init__(self, *, running: int = MOST_CALLS, waiting: int = MOST_WAITING) -> None:
        self._places, self._most = asyncio.Semaphore(running), waiting
        self._running = running
        self.waiting = 0
        self._seconds = _FIRST_GUESS

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One place. `Refusal` (429) at once where too many wait already."""
        if self._places.locked() and self.waiting >= self._most:
            wait = self._seconds * self.waiting / self._running
            raise Refusal(429, "busy", f"{self.waiting} questions wait for this model already.", retry_after=wait)
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        began = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            took = asyncio.get_running_loop().time() - began
            self._seconds += _NEWEST * (took - self._seconds)
            self._places.release()
