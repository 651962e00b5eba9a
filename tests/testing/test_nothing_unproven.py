"""No test of a contract is without a plugin that fails it."""

import pytest

from taskflow.testing.contracts import ChannelContract, LLMProviderContract, PluginContract, PrioritiserContract
from tests.testing.test_broken_calls import BROKEN as CALLS
from tests.testing.test_broken_packaging import BROKEN as PACKAGING


@pytest.mark.parametrize("contract", [PluginContract, LLMProviderContract, PrioritiserContract, ChannelContract])
def test_every_test_of_a_contract_has_failed_once(contract: type[PluginContract]) -> None:
    noticed = {broken.test for broken in [*PACKAGING.values(), *CALLS.values()]}
    assert {name for name in dir(contract) if name.startswith("test_")} - noticed == set()
