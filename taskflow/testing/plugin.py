"""The pytest plugin of the kit: `pytest_plugins = ["taskflow.testing.plugin"]` in a conftest.py or a test module.

It gives the fake servers as fixtures, each started before the test and stopped after it. Contracts need none of them.
"""

from collections.abc import Iterator

import pytest

from taskflow.testing.servers import FakeHTTP, FakeOllama, FakeOpenAI, FakeSMTP


@pytest.fixture
def fake_http() -> Iterator[FakeHTTP]:
    """Any service over HTTP."""
    with FakeHTTP() as server:
        yield server


@pytest.fixture
def fake_openai() -> Iterator[FakeOpenAI]:
    """A server that speaks Chat Completions."""
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def fake_ollama() -> Iterator[FakeOllama]:
    """Ollama."""
    with FakeOllama() as server:
        yield server


@pytest.fixture
def fake_smtp() -> Iterator[FakeSMTP]:
    """A mail server."""
    with FakeSMTP() as server:
        yield server
