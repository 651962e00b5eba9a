"""Fake backends on a loopback port, each in a thread of its own, that answer well until they are told not to.

    with FakeOpenAI() as server:
        server.fault = Fault.TOO_MANY
        ...
        assert server.requests[0].json()["model"] == server.model

They need nothing but the standard library.
"""

from taskflow.testing.servers.base import FakeServer, Fault
from taskflow.testing.servers.http import Answer, FakeHTTP, Request
from taskflow.testing.servers.llm import FakeLLM
from taskflow.testing.servers.ollama import FakeOllama
from taskflow.testing.servers.openai import FakeOpenAI
from taskflow.testing.servers.smtp import FakeSMTP, Mail

__all__ = [
    "Answer",
    "FakeHTTP",
    "FakeLLM",
    "FakeOllama",
    "FakeOpenAI",
    "FakeSMTP",
    "FakeServer",
    "Fault",
    "Mail",
    "Request",
]
