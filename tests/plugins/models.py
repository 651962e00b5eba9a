"""A model provider for tests that says what it was told, and the world it is asked in."""

from collections.abc import Callable
from typing import Any

from tests.conftest import Api

#: Scores by `scores`, else answers with `answer`. The prompt it was given ends up in its model's name.
PROVIDER = """
import asyncio

from taskflow.plugin_api import *


class Config(PluginConfig):
    answer: str = '{"priority": "urgent", "confidence": 0.9}'
    scores: bool = False
    trusted: bool = False
    able: bool = False


manifest = Manifest(
    slug="SLUG", name="Model", kinds={Kind.LLM_PROVIDER}, network=Network.CONFIGURED, config=Config
)


class Model:
    name = "model"

    def __init__(self, ctx):
        self.ctx = ctx
        self.loaded = False

    async def complete(self, request):
        if self.ctx.config.answer == "slow to load" and not self.loaded:
            await asyncio.sleep(1)
        self.loaded = True
        if self.ctx.config.answer == "fail":
            raise TransientError("the server is busy")
        if self.ctx.config.answer == "refuse":
            raise AuthError("the key is unknown")
        usage = Usage(prompt_tokens=100, completion_tokens=9)
        return Completion(text=self.ctx.config.answer, model=request.model or "tiny", usage=usage)

    async def score(self, request, choices):
        if not self.ctx.config.scores:
            return None
        return Scores(probabilities=[0.1, 0.2, 0.3, 0.4], model=request.prompt[-180:])

    async def check(self):
        return Health(ok=True, model="tiny", sample="pong", tokens_per_second=12.5)


@hookimpl
def taskflow_llm_providers(ctx):
    return [Model(ctx)]
"""

Advise = Callable[..., dict[str, Any]]


def enable(root_api: Api, slug: str, **config: Any) -> None:
    """Enables a plugin with settings that make it usable."""
    answer = root_api.patch(f"plugins/{slug}", {"enabled": True, "config": config})
    assert answer.json()["status"] == "active", answer.json()


def signal_of(suggestion: dict[str, Any], provider: str) -> dict[str, Any]:
    """What one provider said."""
    return next(signal for signal in suggestion["signals"] if signal["provider"] == provider)
