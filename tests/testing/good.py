"""The contracts as an author fills them in, for the good plugins and for what is made of them."""

from typing import Any

from taskflow.testing.contracts import ChannelContract, LLMProviderContract, PrioritiserContract
from taskflow.testing.servers import FakeHTTP, FakeOllama


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
