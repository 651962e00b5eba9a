"""Real servers for the tests of this folder; the model is loaded once in each process of tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import pytest

from taskflow.testing.context import FakeContext
from taskflow_llm_openai import taskflow_llm_providers, taskflow_stop
from taskflow_llm_openai.config import Config
from taskflow_llm_openai.provider import ChatCompletions
from tests.backends.servers import Server, llama_server, ollama_server

#: Makes a provider of llm_openai with these settings instead of the usual ones.
Make: TypeAlias = Callable[..., ChatCompletions]


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """llama.cpp's server."""
    with llama_server(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(scope="session")
def ollama(llama: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Ollama's protocol, not Ollama: a proxy before llama.cpp's server."""
    with ollama_server(tmp_path_factory.mktemp("ollama"), llama) as server:
        yield server


@pytest.fixture
async def make(llama: Server) -> AsyncIterator[Make]:
    """Providers of llm_openai for llama.cpp's server; what they opened is closed in the end."""
    contexts: list[FakeContext] = []

    def provider(**values: Any) -> ChatCompletions:
        usual = {"base_url": f"{llama.url}/v1", "model": llama.model, "timeout_s": 60, "max_retries": 0}
        contexts.append(FakeContext(Config.model_validate(usual | values), slug="llm_openai"))
        (made,) = taskflow_llm_providers(contexts[-1])
        assert isinstance(made, ChatCompletions)
        return made

    yield provider
    for context in contexts:
        taskflow_stop(context)
    await asyncio.sleep(0.05)
