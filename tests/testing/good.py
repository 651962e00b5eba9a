"""The contracts as an author fills them in, for the good plugins and for what is made of them."""

from typing import Any

from taskflow.testing.contracts import ChannelContract, LLMProviderContract, PrioritiserContract
from taskflow.testing.servers import Answer, FakeHTTP, FakeOllama, Request


class Provider(LLMProviderContract):
    module = "taskflow_kit_llm"

    def make_config(self, server: Any) -> dict[str, Any]:
        return {"base_url": server.url, "api_key": self.secret, "timeout_s": self.timeout}


class Ollama(Provider):
    module = "taskflow_kit_ollama"
    server_type = FakeOllama


class Prioritiser(PrioritiserContract):
    module = "taskflow_kit_prioritiser"


class Channel(ChannelContract):
    module = "taskflow_kit_channel"

    def make_config(self, server: Any) -> dict[str, Any]:
        return {"host": server.host, "port": server.port, "password": self.secret, "timeout_s": self.timeout}


class Webhook(ChannelContract):
    module = "taskflow_kit_webhook"
    server_type = FakeHTTP

    def make_config(self, server: Any) -> dict[str, Any]:
        return {"url": server.url, "token": self.secret, "timeout_s": self.timeout}

    def make_user_settings(self, server: Any) -> dict[str, Any]:
        return {"room": "home"}


class Levels(FakeHTTP):
    """A service of somebody's own, as an author makes a fake of it."""

    answers_matter = True

    def answer(self, request: Request) -> Answer:
        return Answer({"probabilities": {"low": 0.1, "medium": 0.2, "high": 0.3, "urgent": 0.4}})


class Asking(PrioritiserContract):
    module = "taskflow_kit_asking"
    server_type = Levels

    def make_config(self, server: Any) -> dict[str, Any]:
        return {"url": server.url, "timeout_s": self.timeout}
