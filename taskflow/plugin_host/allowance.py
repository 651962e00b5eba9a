"""How many lines a plugin may log: a burst, then a few a second; the rest is counted and left out."""

import threading
import time
from collections.abc import Callable

BURST = 200
PER_SECOND = 20.0


class Allowance:
    """Safe to share between threads. `clock` gives seconds that only grow."""

    def __init__(
        self, burst: int = BURST, per_second: float = PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._lock = threading.Lock()
        self._left, self._seen = float(burst), clock()
        self.left_out = 0

    def take(self) -> int | None:
        """How many lines were left out since the last that was taken; None where this one is left out too."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._seen) * self._per_second)
            self._seen = now
            if self._left < 1:
                self.left_out += 1
                return None
            self._left -= 1
            missed, self.left_out = self.left_out, 0
            return missed
