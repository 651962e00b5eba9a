"""Plugins of a folder, as the host is told of them; and a sink that remembers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskflow.plugin_api import CompletionRequest, Kind
from taskflow.plugin_host.state import EnabledPlugin, Failure, Snapshot
from tests.plugin_host.distributions import make

ECHO = """
import asyncio, os
from pydantic import SecretStr
from taskflow.plugin_api import *


class Config(PluginConfig):
    word: str = "urgent"
    api_key: SecretStr | None = None


class Person(PluginConfig):
    topic: str = "none"


manifest = Manifest(
    slug="{slug}",
    name="Echo",
    kinds={Kind.LLM_PROVIDER, Kind.PRIORITISER, Kind.NOTIFICATION_CHANNEL},
    network=Network.NONE,
    config=Config,
    user_config=Person,
)


class Echo:
    name = "echo"

    def __init__(self, ctx):
        self.ctx, self.calls = ctx, 0

    async def complete(self, request):
        self.calls += 1
        text = request.prompt
        if text.startswith("sleep"):
            await asyncio.sleep(float(text.split()[1]))
        if text == "auth":
            raise AuthError("the key " + self.ctx.config.api_key.get_secret_value() + " is unknown")
        if text == "transient":
            raise TransientError("try later", retry_after=7)
        if text == "permanent":
            raise PermanentError("no such model")
        if text == "bug":
            raise ZeroDivisionError("with " + self.ctx.config.api_key.get_secret_value())
        if text == "pid":
            text = str(os.getpid())
        if text == "environment":
            text = ",".join(sorted(os.environ))
        if text == "log":
            self.ctx.log.info("the key is %s", self.ctx.config.api_key.get_secret_value())
        return Completion(text=f"{text} {self.calls}", model=self.ctx.config.word)

    async def check(self):
        return Health(ok=True, model=self.ctx.config.word, sample="pong")

    async def prioritise(self, request):
        if "nothing" in request.task.title:
            return None
        levels = dict.fromkeys(["low", "medium", "high", "urgent"], 0.0)
        return Signal(probabilities=levels | {self.ctx.config.word: 1.0}, model="echo")

    async def send(self, message, recipient):
        return Delivery(detail=f"{message.subject} to {recipient.username} about {recipient.settings.topic}")


@hookimpl
def taskflow_llm_providers(ctx):
    return [Echo(ctx)]


@hookimpl
def taskflow_prioritisers(ctx):
    return [Echo(ctx)]


@hookimpl
def taskflow_notification_channels(ctx):
    return [Echo(ctx)]
"""


def put(folder: Path, slug: str, code: str = ECHO, *, version: int = 1, **config: Any) -> EnabledPlugin:
    """A plugin as it is installed and enabled; the code's `{slug}` stands for the slug."""
    module = make(folder, slug, code.replace("{slug}", slug))
    return EnabledPlugin(
        slug=slug,
        distribution=f"taskflow-{slug}",
        version="1.0",
        module=module,
        fingerprint=str(version),
        kinds=frozenset(kind.value for kind in Kind),
        network="none",
        order=100,
        config=config,
        secrets=frozenset({"api_key"}),
    )


def ask(prompt: str) -> CompletionRequest:
    """What `ECHO` answers to."""
    return CompletionRequest(system="", prompt=prompt)


@dataclass
class Plugins:
    """A source whose plugins a test sets."""

    now: Snapshot = field(default_factory=lambda: Snapshot(0, ()))

    def enable(self, *plugins: EnabledPlugin) -> None:
        self.now = Snapshot(self.now.generation + 1, plugins)

    def generation(self) -> int:
        return self.now.generation

    def snapshot(self) -> Snapshot:
        return self.now


@dataclass
class Remembered:
    """A sink."""

    failures: list[Failure] = field(default_factory=list)
    open: dict[tuple[str, str], float] = field(default_factory=dict)

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        self.open[slug, capability] = seconds

    def closed(self, slug: str, capability: str) -> None:
        self.open.pop((slug, capability), None)
