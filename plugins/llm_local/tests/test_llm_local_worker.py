"""The thread that models run in."""

import asyncio
import threading
import time

import pytest

from taskflow.plugin_api import PermanentError, TransientError
from taskflow_llm_local.worker import MOST_CALLS, Leash, Worker


def make(*, idle_s: float = 0) -> tuple[Worker, threading.Event]:
    unloaded = threading.Event()
    return Worker("tested", idle_s=idle_s, unload=unloaded.set), unloaded


async def test_calls_run_one_after_another_in_one_thread() -> None:
    worker, _ = make()
    running: list[int] = []

    def work(leash: Leash) -> int:
        running.append(1)
        time.sleep(0.01)
        assert len(running) == 1
        running.pop()
        return threading.get_ident()

    found = await asyncio.gather(*(worker.run(work, limit=5) for _ in range(MOST_CALLS)))
    assert len(set(found)) == 1
    assert found[0] != threading.get_ident()
    worker.close()


async def test_more_calls_than_places_are_told_when_to_come_back() -> None:
    worker, _ = make()
    free = threading.Event()
    calls = [asyncio.create_task(worker.run(lambda leash: free.wait(5), limit=5)) for _ in range(MOST_CALLS)]
    await asyncio.sleep(0.05)
    with pytest.raises(TransientError, match="wait for the model already") as caught:
        await worker.run(lambda leash: True, limit=5)
    assert caught.value.retry_after == 1
    free.set()
    assert await asyncio.gather(*calls) == [True] * MOST_CALLS
    assert await worker.run(lambda leash: True, limit=5)
    worker.close()


async def test_waiting_for_others_counts() -> None:
    worker, _ = make()
    free, done = threading.Event(), threading.Event()
    first = asyncio.create_task(worker.run(lambda leash: free.wait(5), limit=5))
    await asyncio.sleep(0.05)
    with pytest.raises(TransientError, match=r"0\.2 seconds"):
        await worker.run(lambda leash: done.set(), limit=0.2)
    free.set()
    assert await first
    await worker.run(lambda leash: None, limit=5)
    assert not done.is_set()
    worker.close()


async def test_work_is_let_go_of_when_its_call_is_cancelled() -> None:
    worker, _ = make()
    let_go = threading.Event()

    def work(leash: Leash) -> None:
        try:
            while True:
                leash.check()
                time.sleep(0.005)
        finally:
            let_go.set()

    call = asyncio.create_task(worker.run(work, limit=5))
    await asyncio.sleep(0.05)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(let_go.wait, 2)
    assert await worker.run(lambda leash: 7, limit=5) == 7
    worker.close()


async def test_what_work_raises_is_raised() -> None:
    worker, _ = make()
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda leash: 1 // 0, limit=5)
    assert await worker.run(lambda leash: 7, limit=5) == 7
    worker.close()


async def test_it_unloads_when_idle_and_not_before() -> None:
    worker, unloaded = make(idle_s=0.3)
    for _ in range(4):
        await worker.run(lambda leash: None, limit=5)
        await asyncio.sleep(0.15)
        assert not unloaded.is_set()
    assert await asyncio.to_thread(unloaded.wait, 5)
    worker.close()


async def test_closing_lets_go_of_everything_and_unloads() -> None:
    worker, unloaded = make()
    started = threading.Event()

    def work(leash: Leash) -> None:
        started.set()
        while True:
            leash.check()
            time.sleep(0.005)

    calls = [asyncio.create_task(worker.run(work, limit=5)) for _ in range(3)]
    await asyncio.to_thread(started.wait, 5)
    worker.close()
    worker.close()
    for call in calls:
        with pytest.raises(TransientError):
            await call
    assert await asyncio.to_thread(unloaded.wait, 5)
    with pytest.raises(PermanentError, match="stopped"):
        await worker.run(lambda leash: None, limit=5)
