"""The contracts as classes of tests: subclass the one of your plugin's kind in a test module, and run pytest.

    class TestProvider(LLMProviderContract):
        module = "taskflow_llm_mine"

        def make_config(self, server):
            return {"base_url": server.url, "api_key": self.secret, "timeout_s": self.timeout}

`LLMProviderContract`, `PrioritiserContract` and `ChannelContract` contain all of `PluginContract`.
"""

from taskflow.testing.contracts.channel import ChannelContract
from taskflow.testing.contracts.llm import LLMProviderContract
from taskflow.testing.contracts.plugin import PluginContract
from taskflow.testing.contracts.prioritiser import PrioritiserContract

__all__ = ["ChannelContract", "LLMProviderContract", "PluginContract", "PrioritiserContract"]
