"""Answers that are kept for equal questions: a bounded number, the longest unused leave first."""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")

MOST_KEPT = 2_000
#: Seconds. A question holds its hour, so that days and hours to go stay right to the hour.
KEPT_FOR = 3_600.0


class Answers(Generic[Value]):
    """For one event loop. `clock` gives seconds that only grow."""

    def __init__(
        self, most: int = MOST_KEPT, seconds: float = KEPT_FOR, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._kept: OrderedDict[str, tuple[float, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: str) -> Value | None:
        """What is kept under a key and not too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        if self._clock() - found[0] > self._seconds:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found[1]

    def keep(self, key: str, value: Value) -> None:
        """Keeps a value; the one that was unused for longest makes room."""
        self._kept[key] = (self._clock(), value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


def name_content(*parts: Any) -> str:
    """The SHA-256, in hexadecimal, of values that JSON can say."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
