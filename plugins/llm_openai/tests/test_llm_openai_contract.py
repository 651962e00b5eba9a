"""The contract that every plugin of this kind keeps, as `taskflow.testing` has it."""

from typing import Any

# The contract counts seconds of calls; importing the client, which the first call does, may take one on a busy machine.
import openai  # noqa: F401

from taskflow.testing.contracts import LLMProviderContract
from taskflow.testing.servers import FakeOpenAI


class TestProvider(LLMProviderContract):
    module = "taskflow_llm_openai"
    server_type = FakeOpenAI
    timeout = 2.0

    def make_config(self, server: Any) -> dict[str, Any]:
        """One try a call: the contract counts seconds."""
        return {
            "base_url": server.url,
            "api_key": self.secret,
            "model": server.model,
            "timeout_s": self.timeout,
            "max_retries": 0,
        }
