"""Models that are being fetched: each by a task of the event loop, which goes on between calls."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

from taskflow.plugin_api import PermanentError, PluginError, Pull, TransientError
from taskflow_llm_local.errors import shorten

#: Begins to fetch a model: the server's reports, one after another.
Fetch: TypeAlias = Callable[[str], Awaitable[AsyncGenerator[Any, None]]]

_NAME = re.compile(r"[A-Za-z0-9][\w.\-/:]{0,199}", re.ASCII)
#: Seconds without a report after which it has failed.
_STALLED = 120.0
#: Reports after which it is asked anew, which goes on where it was: the host lets an answer have 5 MB at most.
_MOST_REPORTS = 15_000
_MOST_AT_A_TIME = 4


class Pulls:
    """What is being fetched and how far it is. `failures` are what the client raises for answers that are none."""

    def __init__(self, fetch: Fetch, failures: Callable[[], tuple[type[Exception], ...]]) -> None:
        self._fetch, self._failures = fetch, failures
        self._running: dict[str, asyncio.Task[None]] = {}
        self._states: dict[str, Pull] = {}

    def join(self, model: str) -> Pull:
        """How far it is. Begins where it does not run; the end of one is told once, after that it would begin anew."""
        if not _NAME.fullmatch(model):
            raise PermanentError(f"{shorten(model)!r} is no name of a model; one looks like qwen3:4b.")
        state = self._states.get(model)
        if state is not None:
            if state.state != "running":
                del self._states[model]
            return state
        if len(self._running) >= _MOST_AT_A_TIME:
            raise TransientError(f"{_MOST_AT_A_TIME} models are being fetched already.", retry_after=30)
        self._states[model] = Pull(model=model, state="running", detail="asking for it")
        task = self._running[model] = asyncio.create_task(self._run(model))
        task.add_done_callback(lambda _: self._running.pop(model, None))
        return self._states[model]

    def close(self) -> None:
        """Ends what runs; the server keeps what it has."""
        for task in list(self._running.values()):
            task.cancel()

    async def _run(self, model: str) -> None:
        try:
            while not await self._follow(model):
                continue
        except PluginError as error:
            self._set(model, state="failed", detail=shorten(str(error)))
        except TimeoutError:
            self._set(model, state="failed", detail=f"The server said nothing for {_STALLED:g} seconds.")
        except self._failures() as error:
            self._set(model, state="failed", detail=shorten(f"The server does not fetch it: {error}"))

    async def _follow(self, model: str) -> bool:
        """Whether it came to its end, rather than to the end of what one answer may hold."""
        parts: dict[str, tuple[int, int]] = {}
        count, done = 0, False
        async with aclosing(await self._fetch(model)) as reports:
            while not done and count < _MOST_REPORTS:
                async with asyncio.timeout(_STALLED):
                    report = await anext(reports, None)
                if report is None:
                    raise TransientError("The server ended its answer before the model was there.")
                count, done = count + 1, report.status == "success"
                if report.digest and report.total:
                    parts[report.digest] = (min(max(report.completed or 0, 0), report.total), report.total)
                self._tell(model, report.status or "", parts, done=done)
        return done

    def _tell(self, model: str, status: str, parts: dict[str, tuple[int, int]], *, done: bool) -> None:
        self._set(
            model,
            state="done" if done else "running",
            completed_bytes=sum(completed for completed, _ in parts.values()),
            total_bytes=sum(total for _, total in parts.values()) or None,
            detail=shorten(status),
        )

    def _set(self, model: str, **fields: Any) -> None:
        self._states[model] = Pull.model_validate(self._states[model].model_dump() | fields)
