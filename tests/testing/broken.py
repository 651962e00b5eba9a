"""Plugins that break one promise each, and how a contract is asked whether it notices."""

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from taskflow.testing.contracts import PluginContract
from taskflow.testing.promises import BrokenPromise
from taskflow.testing.servers import Fault
from tests.testing import good
from tests.testing.samples import CHANNEL, PRIORITISER, PROVIDER

_CODE: dict[type[PluginContract], str] = {
    good.Provider: PROVIDER,
    good.Prioritiser: PRIORITISER,
    good.Channel: CHANNEL,
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A good plugin with `old` replaced by `new`; `test` must fail over it, with `error`, saying `says`."""

    contract: type[PluginContract]
    old: str
    new: str
    test: str
    says: str
    fault: Fault | None = None
    error: type[BaseException] = BrokenPromise


def expect_it_is_found_out(broken: Broken, install: Callable[..., str], request: pytest.FixtureRequest) -> None:
    """Runs the one test of the contract that is meant for it."""
    code = _CODE[broken.contract]
    assert broken.old in code, "there is nothing to replace"
    plugin = type("Contract", (broken.contract,), {"module": install(code.replace(broken.old, broken.new))})()
    test = getattr(plugin, broken.test)
    with plugin.server_type() if plugin.server_type else nullcontext() as server:
        given: dict[str, Any] = {"server": server, "backend": server, "fault": broken.fault}
        names = inspect.signature(test).parameters
        values = {name: given[name] if name in given else request.getfixturevalue(name) for name in names}
        with pytest.raises(broken.error) as caught:
            test(**values)
    assert broken.says in str(caught.value)
