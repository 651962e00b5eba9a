"""Turns: how many reading requests of a process work at a time.

Threads of one process that all have Python to run take it from each other several times a request, which costs a tenth
of the lists that two cores can answer. So a process has more threads than turns. A request that takes long keeps nobody
waiting: it works on, and its turn is another's.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

WSGI: TypeAlias = Callable[[Any, Any], Any]

#: Seconds of a turn that others respect.
LONGEST = 0.05


class Turns:
    """Some turns, which are taken and given back by threads."""

    def __init__(self, count: int) -> None:
        self._free = count
        #: Who has a turn → since when.
        self._taken: dict[int, float] = {}
        self._changed = threading.Condition()

    def take(self) -> None:
        """Waits for a turn, or until somebody has had one for too long, and takes it."""
        with self._changed:
            while not self._free:
                oldest = min(self._taken, key=self._taken.__getitem__)
                left = self._taken[oldest] + LONGEST - time.monotonic()
                if left <= 0:
                    self._end(oldest)
                else:
                    self._changed.wait(left)
            self._free -= 1
            self._taken[threading.get_ident()] = time.monotonic()

    def give_back(self) -> None:
        """Ends this thread's turn, if another has not ended it before."""
        with self._changed:
            if threading.get_ident() in self._taken:
                self._end(threading.get_ident())
                self._changed.notify()

    def _end(self, thread: int) -> None:
        del self._taken[thread]
        self._free += 1


def take_turns(application: WSGI, count: int = 1) -> WSGI:
    """`application`, of which about `count` reading requests work at a time; the bodies of streams are no part of it.

    Requests that write are let through: most of their time they wait for the database.
    """
    turns = Turns(count)

    def run(environment: Any, start_response: Any) -> Any:
        if environment["REQUEST_METHOD"] != "GET":
            return application(environment, start_response)
        turns.take()
        try:
            return application(environment, start_response)
        finally:
            turns.give_back()

    return run
