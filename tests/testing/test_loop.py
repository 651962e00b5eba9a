"""What is measured of a loop: who blocks it is seen, who awaits or computes elsewhere is not."""

import asyncio
import time

import pytest

from taskflow.testing.loop import NeverEnded, SwallowedCancellation, cancel_at, measure_blocking


async def test_a_loop_that_is_blocked_is_seen() -> None:
    async with measure_blocking() as blocked:
        time.sleep(0.3)
    assert 0.2 < blocked.longest < 1


async def test_a_loop_that_computes_is_seen() -> None:
    async with measure_blocking() as blocked:
        until = time.thread_time() + 0.3
        while time.thread_time() < until:
            sum(range(1_000))
    assert blocked.longest > 0.2


async def test_a_loop_that_waits_is_not_blocked() -> None:
    async with measure_blocking() as blocked:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(time.sleep, 0.3)
    assert blocked.longest < 0.1


async def steps(number: int, seen: list[int]) -> str:
    for step in range(number):
        seen.append(step)
        await asyncio.sleep(0)
    return "done"


async def test_a_call_is_cancelled_where_it_awaits() -> None:
    for number in (1, 2, 3):
        seen: list[int] = []
        assert await cancel_at(lambda seen=seen: steps(3, seen), number, within=1)  # type: ignore[misc]
        assert seen == list(range(number))
    assert not await cancel_at(lambda: steps(3, []), 4, within=1)


async def test_what_a_call_does_instead_of_ending_is_told() -> None:
    async def answers() -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            return "all the same"
        return "late"

    async def raises() -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise KeyError("instead") from None
        return "late"

    async def goes_on() -> str:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
        return "late"

    with pytest.raises(SwallowedCancellation):
        await cancel_at(answers, 1, within=1)
    with pytest.raises(KeyError):
        await cancel_at(raises, 1, within=1)
    with pytest.raises(NeverEnded):
        await cancel_at(goes_on, 1, within=0.2)
