"""When a plugin that fails again and again is not asked for a while (Nygard, "Release It!": circuit breaker)."""

import threading
from collections.abc import Callable

THRESHOLD = 5
REST = 30.0
LONGEST_REST = 600.0
#: Seconds; stands for "until the settings change".
LASTING = 10 * 365 * 86_400.0


class Breaker:
    """Of one capability of one plugin. Safe to share between threads; `clock` gives seconds that only grow.

    After `THRESHOLD` failures in a row it is open for `REST` seconds; then one call is let through, and its end closes
    it or opens it for twice as long, up to `longest` seconds.
    """

    def __init__(self, clock: Callable[[], float], *, longest: float = LONGEST_REST) -> None:
        self._clock, self._longest = clock, longest
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = REST
        self._open_until: float | None = None
        self._probing = False

    def admit(self) -> float | None:
        """None where a call may go on; else in how many seconds one may be tried.

        Whoever was admitted says afterwards how it ended: `succeeded`, `failed` or `released`.
        """
        with self._lock:
            if self._open_until is None:
                return None
            left = self._open_until - self._clock()
            if left > 0 or self._probing:
                return max(left, 1.0)
            self._probing = True
            return None

    def succeeded(self) -> bool:
        """The call ended well; whether that closed the breaker."""
        with self._lock:
            was_open = self._open_until is not None
            self._failures, self._rest, self._open_until, self._probing = 0, REST, None, False
            return was_open

    def released(self) -> None:
        """The call was not made."""
        with self._lock:
            self._probing = False

    def failed(self, *, lasting: bool = False) -> float | None:
        """The call failed; for how many seconds the breaker is open, if it opened for that.

        `lasting`: nothing but other settings will help.
        """
        with self._lock:
            self._failures += 1
            probe, self._probing = self._probing, False
            if lasting:
                seconds = LASTING
            elif probe or (self._failures >= THRESHOLD and self._open_until is None):
                seconds, self._rest = self._rest, min(self._rest * 2, self._longest)
            else:
                return None
            self._open_until = self._clock() + seconds
            return seconds
