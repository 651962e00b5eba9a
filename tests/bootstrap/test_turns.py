"""Reading requests of one process work one after the other, and a long one keeps nobody waiting."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from taskflow.bootstrap import turns
from taskflow.bootstrap.turns import Turns, take_turns

READ, WRITE = {"REQUEST_METHOD": "GET"}, {"REQUEST_METHOD": "POST"}


class Counted:
    """An application that knows how many of its requests ran at a time."""

    def __init__(self, seconds: float) -> None:
        self.most = self._now = 0
        self._seconds = seconds
        self._lock = threading.Lock()

    def __call__(self, environment: Any, start_response: Any) -> list[bytes]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
        return []


def run(application: Any, environments: list[dict[str, str]]) -> None:
    with ThreadPoolExecutor(len(environments)) as pool:
        list(pool.map(lambda environment: application(environment, None), environments))


def test_reads_are_one_at_a_time_and_writes_are_not() -> None:
    reads, writes = Counted(0.005), Counted(0.005)
    run(take_turns(reads), [READ] * 6)
    run(take_turns(writes), [WRITE] * 6)
    assert reads.most == 1
    assert writes.most > 1


def test_what_takes_long_lets_others_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST", 0.01)
    held, done = threading.Event(), []

    def work(environment: Any, start_response: Any) -> list[bytes]:
        if "long" in environment:
            held.wait(10)
        done.append("long" in environment)
        return []

    application = take_turns(work)
    slow = threading.Thread(target=application, args=(READ | {"long": ""}, None))
    slow.start()
    for _ in range(3):
        application(READ, None)
    held.set()
    slow.join()
    assert done == [False, False, False, True]


def test_a_turn_ends_with_its_request_and_once() -> None:
    def fail(environment: Any, start_response: Any) -> list[bytes]:
        raise KeyError

    application = take_turns(fail)
    for _ in range(2):
        with pytest.raises(KeyError):
            application(READ, None)
    held = Turns(1)
    held.take()
    held.give_back()
    held.give_back()
    held.take()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(held.take)
        with pytest.raises(TimeoutError):
            waiting.result(turns.LONGEST / 5)
        assert waiting.result(5) is None
