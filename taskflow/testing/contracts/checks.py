"""What an object keeps to that can be asked how its backend is."""

import asyncio
from typing import Any

import pytest

from taskflow.plugin_api import Health
from taskflow.testing.contracts.backend import BackendContract
from taskflow.testing.promises import promise
from taskflow.testing.servers import Fault

_SICK = (Fault.UNAUTHORISED, Fault.FORBIDDEN, Fault.SERVER_ERROR, Fault.HANG, Fault.CLOSE, Fault.GARBAGE)


class CheckContract(BackendContract):
    """The part that language models and channels share: `check`. Subclass theirs instead."""

    def test_a_check_finds_a_healthy_backend(self, backend: Any) -> None:
        found = asyncio.run(self._check(backend))
        promise(found.ok, f"check() found a healthy backend not well: {found.error}")
        self.check_healthy(found, backend)

    def check_healthy(self, found: Health, backend: Any) -> None:
        """What else is to be so after a check of a backend that is well."""

    @pytest.mark.parametrize("fault", _SICK)
    def test_a_check_tells_of_a_sick_backend(self, backend: Any, fault: Fault) -> None:
        if fault not in backend.faults_of_a_check or (fault is Fault.GARBAGE and not backend.answers_matter):
            pytest.skip("No check meets this fault.")
        backend.fault = fault
        self._check_sick(asyncio.run(self._check(backend)), fault.name)

    def test_a_check_tells_of_a_refused_connection(self, backend: Any) -> None:
        backend.stop()
        self._check_sick(asyncio.run(self._check(backend)), "a closed port")

    async def look(self, subject: Any) -> None:
        """Its check."""
        await self._check_of(subject)

    async def _check(self, backend: Any) -> Health:
        async with self.opened(backend) as (subject, _):
            return await self._check_of(subject)

    async def _check_of(self, subject: Any) -> Health:
        found = await self.in_time(subject.check())
        promise(isinstance(found, Health), f"check() answered a {type(found).__name__}, not a Health.")
        promise(self.secret not in str(found), "A Health contains a secret.")
        health: Health = found
        return health

    def _check_sick(self, found: Health, what: str) -> None:
        promise(not found.ok, f"check() found a backend with {what} healthy.")
        promise(bool(found.error.strip()), f"check() does not say what is wrong with {what}: Health.error.")
        promise(bool(found.next_step.strip()), f"check() does not say what to do about {what}: Health.next_step.")
