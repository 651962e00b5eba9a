"""What the objects of every kind keep to: types of answers, errors, time, cancelling, overlapping, the loop."""

import asyncio
import gc
import time
import traceback
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, ClassVar

from pydantic import BaseModel

from taskflow.plugin_api import Kind, PluginError
from taskflow.testing.calls import CALLS, Call, make_objects, stop
from taskflow.testing.context import FakeContext
from taskflow.testing.contracts.plugin import PluginContract
from taskflow.testing.loop import NeverEnded, SwallowedCancellation, cancel_at
from taskflow.testing.probes import probe_first_use
from taskflow.testing.promises import BrokenPromise, promise

#: Seconds that a loop may be blocked.
BLOCKED_SECONDS = 0.1
#: Seconds beyond its own time limit in which a plugin must have answered.
GRACE = 1.0
_ATTEMPTS = 5
#: Seconds.
_WARM_UP = 10.0
_MOST_AWAITS = 300
_OVERLAPPING = 5


class ObjectContract(PluginContract):
    """The part that the three kinds share. Subclass theirs instead."""

    #: The kind of object that is tested.
    kind: ClassVar[Kind]
    #: Which of several objects of this kind; None: the first.
    name: ClassVar[str | None] = None

    def make_arguments(self, server: Any, mark: str) -> tuple[BaseModel, ...]:
        """What the object is called with, telling calls apart by `mark`."""
        raise NotImplementedError

    @classmethod
    def setup_class(cls) -> None:
        """Lets a first call import what it imports late: time limits are for calls, not for that.

        What it raises, the tests will see again.
        """

        contract = cls()

        async def use() -> None:
            with cls.server_type() if cls.server_type else nullcontext() as server:
                async with contract.opened(server) as (subject, _):
                    await getattr(subject, contract.call.method)(*contract.make_arguments(server, "mark"))

        async def wait() -> None:
            task = asyncio.create_task(use())
            await asyncio.wait({task}, timeout=_WARM_UP)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(wait())

    @property
    def call(self) -> Call:
        """What this kind of object does."""
        return CALLS[self.kind]

    @asynccontextmanager
    async def opened(self, server: Any) -> AsyncIterator[tuple[Any, FakeContext]]:
        """The object and its context; stopped twice at the end."""
        ctx = self.make_context(server)
        made = make_objects(self.plugin, self.kind, ctx)
        chosen = [one for one in made if self.name in (None, one.name)]
        promise(bool(chosen), f"{self.call.hook} makes no object named {self.name!r}: {[one.name for one in made]}")
        try:
            yield chosen[0], ctx
        finally:
            stop(self.plugin, ctx)
            stop(self.plugin, ctx)
            await asyncio.sleep(0)
            await ctx.aclose()
            promise(self.secret not in " ".join(ctx.logged), "It logs a secret.")

    async def answer(self, subject: Any, arguments: Sequence[BaseModel]) -> Any:
        """The result of a call that is to succeed, in time and of the right type."""
        answered = await self.outcome(subject, arguments)
        if isinstance(answered, PluginError):
            raise BrokenPromise(f"A call that should succeed raised {_shown(answered)}") from answered
        return answered

    async def outcome(self, subject: Any, arguments: Sequence[BaseModel]) -> Any:
        """The result of a call, or the `PluginError` that it raised; both in time and without secrets."""
        method = getattr(subject, self.call.method)
        try:
            answered = await self.in_time(method(*arguments))
        except PluginError as error:
            self._check_error(error)
            return error
        right = isinstance(answered, self.call.results)
        names = " or ".join(result.__name__ for result in self.call.results)
        promise(right, f"{self.call.method} answered a {type(answered).__name__}, not a {names}.")
        promise(self.secret not in str(answered), f"The {type(answered).__name__} contains a secret.")
        return answered

    async def in_time(self, coroutine: Any) -> Any:
        """Its result; `BrokenPromise` when it takes longer than the plugin's time limit and a second."""
        limit = self.timeout + GRACE
        began = time.monotonic()
        late = f"It had not answered after {limit:g} s; make_config sets a time limit of {self.timeout:g} s."
        try:
            async with asyncio.timeout(limit) as ends:
                answered = await coroutine
        except TimeoutError as error:
            if ends.expired():
                raise BrokenPromise(late) from error
            raise
        finally:
            took = time.monotonic() - began
        promise(took <= limit, late)
        return answered

    def _check_error(self, error: PluginError) -> None:
        promise(bool(str(error).strip()), f"A {type(error).__name__} says nothing: tell administrators what happened.")
        promise(self.secret not in _whole(error), f"A {type(error).__name__}, or its cause, contains a secret.")

    def test_it_answers_more_than_once(self, server: Any) -> None:
        async def use() -> None:
            async with self.opened(server) as (subject, _):
                for number in range(2):
                    await self.answer(subject, self.make_arguments(server, f"mark{number}"))

        asyncio.run(use())

    def test_one_set_of_settings_is_stopped_without_the_other(self, server: Any) -> None:
        async def use() -> None:
            async with self.opened(server) as (lasting, _):
                async with self.opened(server) as (stopped, _):
                    await self.answer(stopped, self.make_arguments(server, "mark"))
                await self.answer(lasting, self.make_arguments(server, "mark"))

        asyncio.run(use())

    def test_calls_may_overlap(self, server: Any) -> None:
        async def use() -> None:
            async with self.opened(server) as (subject, _):
                marks = [f"mark{number}" for number in range(_OVERLAPPING)]
                if server is not None:
                    server.delay = 0.1
                calls = [self.answer(subject, self.make_arguments(server, mark)) for mark in marks]
                self.check_overlapping(marks, await asyncio.gather(*calls), server)

        asyncio.run(use())

    def check_overlapping(self, marks: list[str], answers: list[Any], server: Any) -> None:
        """Whether each of the overlapping calls got its own answer; here any answer will do."""

    def test_a_call_may_be_cancelled_at_any_await(self, server: Any) -> None:
        async def use() -> None:
            async with self.opened(server) as (subject, _):
                arguments = self.make_arguments(server, "mark")
                ends = []
                for number in range(1, _MOST_AWAITS):
                    ends.append(await self._cancel(subject, arguments, number))
                    if ends[-1] == "whole":
                        break
                    await self.answer(subject, arguments)
                # asyncio.wait_for of Python 3.11 answers where what it waited for ends in the same turn of the loop:
                # that some awaits do not hear of it is nobody's fault, that none does is.
                deaf = "deaf" in ends and "cancelled" not in ends
                promise(not deaf, "A call that is cancelled answers all the same. Let CancelledError pass.")

        with warnings.catch_warnings():
            # Tasks that libraries (anyio) start and that are cancelled before they begin: no matter for the plugin, and
            # seen when they are collected, which must not be in the middle of another test.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            try:
                asyncio.run(use())
            finally:
                gc.collect()

    async def _cancel(self, subject: Any, arguments: Sequence[BaseModel], number: int) -> str:
        """How a call ended that was cancelled at its await of this number.

        `cancelled`; `whole`, because it has fewer awaits; `deaf`, with an answer.
        """
        method, where = getattr(subject, self.call.method), f"Cancelled at its await number {number}, the call"
        try:
            arrived = await cancel_at(lambda: method(*arguments), number, within=GRACE)
            return "cancelled" if arrived else "whole"
        except SwallowedCancellation:
            return "deaf"
        except NeverEnded:
            raise BrokenPromise(f"{where} went on. Let CancelledError pass.") from None
        except PluginError as error:
            raise BrokenPromise(f"{where} raised {_shown(error)} Let CancelledError pass.") from error

    def test_the_loop_is_never_blocked(self, server: Any) -> None:
        longest = []
        if server is not None:
            # Whoever waits for an answer without awaiting it blocks the loop for that long.
            server.delay = 3 * BLOCKED_SECONDS
        for _ in range(_ATTEMPTS):
            longest.append(self._first_use(server)["blocked"])
            if longest[-1] < BLOCKED_SECONDS:
                return
        promise(
            False,
            f"A call blocks the event loop for {min(longest):.2f} s; {BLOCKED_SECONDS} s at most. Move what "
            "blocks, imports too, into a thread (asyncio.to_thread).",
        )

    def test_hooks_open_no_socket(self, server: Any) -> None:
        answer = self._first_use(server)
        promise(not answer["sockets"], f"A hook touches the network: {answer['sockets']}. Connect when first used.")
        promise(
            not answer["foreign"], f"It imports {answer['foreign']}; a plugin may import taskflow.plugin_api alone."
        )

    def _first_use(self, server: Any) -> dict[str, Any]:
        arguments = [held.model_dump(mode="json") for held in self.make_arguments(server, "mark")]
        request = {"module": self.module, "kind": self.kind.value, "name": self.name, "arguments": arguments}
        answer = probe_first_use(request | {"config": self.make_config(server)})
        promise(not answer["raised"], f"The first call raised {answer['raised']}.")
        return answer


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _whole(error: BaseException) -> str:
    """All that a log would have of it, with what it was raised from."""
    return "".join(traceback.format_exception(error)) + repr(error)
