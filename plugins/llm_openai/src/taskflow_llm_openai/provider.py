"""The provider: one request to Chat Completions, repeated while that can help."""

import asyncio
import importlib
from typing import TYPE_CHECKING, cast

from taskflow.plugin_api import (
    Completion,
    CompletionRequest,
    Health,
    PluginContext,
    PluginError,
    TransientError,
)
from taskflow_llm_openai.answers import read_answer
from taskflow_llm_openai.config import Config
from taskflow_llm_openai.dialect import Dialects
from taskflow_llm_openai.errors import next_step, quote, translate_connection, translate_status

if TYPE_CHECKING:
    from openai import AsyncOpenAI, Omit

#: Seconds before the first repetition where the server names no time; each further one waits twice as long.
_FIRST_PAUSE = 0.5
#: Refusals of how a request is put, which may be put otherwise.
_UNFIT = {400, 422}
#: What the client would tell of itself or take from the environment. Identity comes from the settings alone.
_UNSENT = (
    "OpenAI-Organization",
    "OpenAI-Project",
    *(f"X-Stainless-{part}" for part in ("Arch", "Async", "Lang", "OS", "Package-Version", "Runtime")),
    "X-Stainless-Runtime-Version",
)
_TRIAL = CompletionRequest(system="Answer in one short sentence.", prompt="Are you ready?", max_tokens=64)


class ChatCompletions:
    """A model on one server. It may be asked many things at once, in one event loop."""

    name = "chat"

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._config = cast(Config, ctx.config)
        self._dialects = Dialects()
        self._opening = asyncio.Lock()
        self._client: AsyncOpenAI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsent: dict[str, Omit] = {}

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answers within `timeout_s`; `AuthError`, `TransientError`, `PermanentError`."""
        client, limit = await self._open(), self._config.timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._repeat(client, request, ends=asyncio.get_running_loop().time() + limit)
        except TimeoutError as error:
            raise TransientError(f"{self._config.host} did not answer within {limit:g} seconds.") from error

    async def check(self) -> Health:
        """Asks for a sentence."""
        config, now = self._config, self._ctx.clock.now()
        try:
            answer = await self.complete(_TRIAL)
        except PluginError as error:
            step = next_step(error, config)
            return Health(ok=False, error=str(error)[:1_000], next_step=step, model=config.model, checked_at=now)
        model = answer.model or config.model
        if not answer.text.strip():
            return Health(
                ok=False,
                error=f"It answered without a word, having used its {_TRIAL.max_tokens} tokens.",
                next_step="Set model to one that answers without thinking first, or switch that off on the server.",
                model=model,
                checked_at=now,
            )
        return Health(ok=True, model=model, sample=answer.text[:1_000], checked_at=now)

    def close(self) -> None:
        """Closes its connections, from whichever thread; may be called twice."""
        client, loop, self._client = self._client, self._loop, None
        if client is None or loop is None or loop.is_closed():
            return
        if loop.is_running():
            loop.call_soon_threadsafe(lambda: loop.create_task(client.close()))
        else:
            loop.run_until_complete(client.close())

    async def _open(self) -> "AsyncOpenAI":
        async with self._opening:
            if self._client is None:
                # Importing the client takes half a second or more, in which the loop serves others.
                await asyncio.to_thread(importlib.import_module, "openai.resources.chat.completions.completions")
                self._client, self._loop = self._connect(), asyncio.get_running_loop()
            return self._client

    def _connect(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI, Omit

        config = self._config
        self._unsent = dict.fromkeys(_UNSENT if config.key else (*_UNSENT, "Authorization"), Omit())
        return AsyncOpenAI(
            base_url=str(config.base_url),
            # An empty one would be looked for in the environment.
            api_key=config.key or "none",
            admin_api_key="",
            # It would wait up to two minutes for a busy server.
            max_retries=0,
            http_client=self._ctx.http(config.timeout_s),
        )

    async def _repeat(self, client: "AsyncOpenAI", request: CompletionRequest, *, ends: float) -> Completion:
        left, pause = self._config.max_retries, _FIRST_PAUSE
        while True:
            try:
                return await self._ask(client, request)
            except TransientError as error:
                wait = pause if error.retry_after is None else error.retry_after
                if not left or asyncio.get_running_loop().time() + wait >= ends:
                    raise
                self._ctx.log.info("Asking again in %.1f seconds: %s", wait, error)
            await asyncio.sleep(wait)
            left, pause = left - 1, pause * 2

    async def _ask(self, client: "AsyncOpenAI", request: CompletionRequest) -> Completion:
        import openai

        model = request.model or self._config.model
        dialect = self._dialects.of(model)
        while True:
            try:
                answer = await client.chat.completions.with_raw_response.create(
                    **dialect.put(request, model), extra_headers=self._unsent
                )
            except openai.APIStatusError as error:
                other = dialect.next(request, quote(error, self._config)) if error.status_code in _UNFIT else None
                if other is None:
                    # Without the cause: its text is the server's, unbounded.
                    raise translate_status(error, self._config, self._ctx.clock.now()) from None
                dialect = other
            except openai.APIConnectionError as error:
                raise translate_connection(error, self._config) from error
            else:
                self._dialects.learn(model, dialect, request)
                return read_answer(answer.text, self._config.host)
