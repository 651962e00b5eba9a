"""The contract that every plugin of this kind keeps, against a server that speaks Ollama's protocol."""

from typing import Any

# The contract counts seconds of calls; importing the client, which the first call does, may take one on a busy machine.
import ollama  # noqa: F401
import pytest

from taskflow.testing.contracts import LLMProviderContract
from taskflow.testing.servers import FakeOllama


@pytest.mark.thorough
class TestOllama(LLMProviderContract):
    module = "taskflow_llm_local"
    server_type = FakeOllama
    timeout = 2.0

    def make_config(self, server: Any) -> dict[str, Any]:
        return {"engine": "ollama", "ollama_host": server.url, "model": server.model, "timeout_s": self.timeout}
