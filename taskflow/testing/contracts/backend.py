"""What an object keeps to that asks a backend: each of its failures becomes the right error, in time."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, ClassVar

import pytest

from taskflow.plugin_api import AuthError, Network, PermanentError, PluginError, TransientError
from taskflow.testing.contracts.objects import ObjectContract
from taskflow.testing.promises import promise
from taskflow.testing.servers import FakeServer, Fault

_EITHER = (PermanentError, TransientError)
#: Which error a fault is to become.
RIGHT_ERRORS: dict[Fault, tuple[type[PluginError], ...]] = {
    Fault.UNAUTHORISED: (AuthError,),
    Fault.FORBIDDEN: (AuthError,),
    Fault.NOT_FOUND: (PermanentError,),
    Fault.TOO_MANY: (TransientError,),
    Fault.SERVER_ERROR: (TransientError,),
    Fault.HANG: (TransientError,),
    Fault.DRIP: (TransientError,),
    Fault.CLOSE: (TransientError,),
    Fault.CUT: (TransientError,),
    Fault.GARBAGE: _EITHER,
    Fault.WRONG_JSON: _EITHER,
    Fault.TEN_MEGABYTES: _EITHER,
}
#: Those that are in the answer's body alone.
_IN_THE_BODY = {Fault.GARBAGE, Fault.WRONG_JSON, Fault.TEN_MEGABYTES}
#: Those that need no waiting.
_QUICK = sorted(set(Fault) - {Fault.HANG, Fault.DRIP})


class BackendContract(ObjectContract):
    """The part that the three kinds share where they ask a backend. Subclass theirs instead."""

    #: Why there is no `server_type` though the manifest's `network` is another than `none`.
    without_server: ClassVar[str] = ""

    @pytest.fixture(name="backend")
    def _backend(self, server: FakeServer | None) -> FakeServer:
        if server is None:
            networked = self.manifest.network is not Network.NONE
            promise(not networked or bool(self.without_server), "Name a server_type, or say why not in without_server.")
            pytest.skip(self.without_server or "It asks no backend.")
        return server

    def allows(self, fault: Fault, answered: Any, backend: Any) -> bool:
        """Whether an answer, instead of an error, is right under a fault."""
        return fault in _IN_THE_BODY and not backend.answers_matter

    async def _fail(self, backend: Any, what: str, errors: tuple[type[PluginError], ...], fault: Fault) -> Any:
        """What became of a call; it is one of `errors`, or an answer that `allows` has nothing against."""
        async with self.opened(backend) as (subject, _):
            answered = await self.outcome(subject, self.make_arguments(backend, "mark"))
        if not isinstance(answered, PluginError) and self.allows(fault, answered, backend):
            return answered
        names = " or ".join(error.__name__ for error in errors)
        shown = f"{type(answered).__name__}: {answered}"[:300]
        promise(isinstance(answered, errors), f"A backend with {what} must become {names}; it became {shown}")
        return answered

    @pytest.mark.parametrize("fault", sorted(Fault))
    def test_a_fault_becomes_the_right_error(self, backend: Any, fault: Fault) -> None:
        if fault not in backend.faults:
            pytest.skip(f"{type(backend).__name__} has no such fault.")
        for shape in backend.wrong_shapes if fault is Fault.WRONG_JSON else (None,):
            backend.fault, backend.wrong_json = fault, shape
            said = f"{fault.name} ({shape!r})" if fault is Fault.WRONG_JSON else fault.name
            asyncio.run(self._fail(backend, said, RIGHT_ERRORS[fault], fault))

    def test_a_refused_connection_is_transient(self, backend: Any) -> None:
        backend.stop()
        asyncio.run(self._fail(backend, "a closed port", (TransientError,), Fault.CLOSE))

    def test_it_passes_on_when_to_come_back(self, backend: Any) -> None:
        if not backend.names_retry_after:
            pytest.skip(f"{type(backend).__name__} does not say when to come back.")
        backend.fault, backend.retry_after = Fault.TOO_MANY, "7"
        error = asyncio.run(self._fail(backend, "429", (TransientError,), Fault.TOO_MANY))
        promise(error.retry_after == 7, f"Retry-After was 7 s; retry_after is {error.retry_after}.")
        backend.retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=7), usegmt=True)
        error = asyncio.run(self._fail(backend, "429 until a date", (TransientError,), Fault.TOO_MANY))
        near = error.retry_after is None or 0 <= error.retry_after <= 9
        promise(near, f"Retry-After was a date in 7 s; retry_after is {error.retry_after}. None is right as well.")

    def test_it_works_again_after_a_fault(self, backend: Any) -> None:
        async def use() -> None:
            async with self.opened(backend) as (subject, _):
                for fault in (Fault.CLOSE, Fault.SERVER_ERROR, Fault.GARBAGE):
                    backend.fault = fault
                    await self.outcome(subject, self.make_arguments(backend, "mark"))
                    backend.fault = None
                    await self.answer(subject, self.make_arguments(backend, "mark"))

        asyncio.run(use())

    async def look(self, subject: Any) -> None:
        """What else an object is asked beside its call; here nothing."""

    def test_secrets_reach_neither_log_nor_output(
        self, backend: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)

        async def use() -> None:
            async with self.opened(backend) as (subject, _):
                for fault in (None, *_QUICK):
                    backend.fault = fault
                    await self.outcome(subject, self.make_arguments(backend, "mark"))
                    await self.look(subject)

        asyncio.run(use())
        promise(self.secret not in caplog.text, "A secret is in the log. Mind the loggers of libraries too.")
        promise(self.secret not in "".join(capfd.readouterr()), "A secret is printed.")
