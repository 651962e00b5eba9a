"""The provider: one request to Chat Completions, repeated while that can help."""

import asyncio
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from taskflow.plugin_api import (
    Completion,
    CompletionRequest,
    Health,
    PermanentError,
    PluginContext,
    PluginError,
    Scores,
    TransientError,
)
from taskflow_llm_openai.alternatives import read_alternatives
from taskflow_llm_openai.answers import read_answer
from taskflow_llm_openai.config import Config
from taskflow_llm_openai.dialect import Dialects, Question
from taskflow_llm_openai.errors import (
    NoAnswer,
    next_step,
    quote,
    translate_connection,
    translate_guarded,
    translate_status,
)

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


class _Said(NamedTuple):
    """An answer as it came, and the seconds from asking for it to its end."""

    text: str
    seconds: float


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
        said = await self._say(Question(request, self._model_for(request)))
        return read_answer(said.text, self._config.host)

    async def score(self, request: CompletionRequest, choices: Sequence[str]) -> Scores | None:
        """How probable each choice is, by the alternatives of the answer's first word; None where the server tells
        none, which is remembered until the settings change, or where hardly any of them begins a choice.

        Within `timeout_s`; `AuthError`, `TransientError`, `PermanentError`.
        """
        free = request.model_copy(update={"json_schema": None})
        question = Question(free, self._model_for(request), scored=True)
        if not self._dialects.of(question.model).alternatives:
            return None
        said = await self._say(question)
        told = read_alternatives(said.text, self._config.host)
        if told is None:
            self._dialects.forgo_alternatives(question.model)
            return None
        probabilities = told.weigh(choices)
        self._dialects.learn_of_choices(question.model, fitted=probabilities is not None)
        if probabilities is None:
            return None
        return Scores(probabilities=probabilities, model=told.model, usage=told.usage)

    async def check(self) -> Health:
        """Asks for a sentence. The speed is what its tokens took with all that belongs to a call: the way to the server
        and reading the question, but none of the attempts before it."""
        config, now = self._config, self._ctx.clock.now()
        try:
            said = await self._say(Question(_TRIAL, config.model))
            answer = read_answer(said.text, config.host)
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
        tokens = answer.usage.completion_tokens if answer.usage else 0
        return Health(
            ok=True,
            model=model,
            sample=answer.text[:1_000],
            tokens_per_second=round(tokens / said.seconds, 1) if tokens else None,
            checked_at=now,
        )

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

    def _model_for(self, request: CompletionRequest) -> str:
        return request.model or self._config.model

    async def _say(self, question: Question) -> _Said:
        client, limit = await self._open(), self._config.timeout_s
        try:
            async with asyncio.timeout(limit):
                return await self._repeat(client, question, ends=asyncio.get_running_loop().time() + limit)
        except TimeoutError as error:
            raise TransientError(f"{self._config.host} did not answer within {limit:g} seconds.") from error

    async def _repeat(self, client: "AsyncOpenAI", question: Question, *, ends: float) -> _Said:
        left, pause = self._config.max_retries, _FIRST_PAUSE
        while True:
            try:
                return await self._ask(client, question)
            except NoAnswer:
                raise
            except TransientError as error:
                wait = pause if error.retry_after is None else error.retry_after
                if not left or asyncio.get_running_loop().time() + wait >= ends:
                    raise
                self._ctx.log.info("Asking again in %.1f seconds: %s", wait, error)
            await asyncio.sleep(wait)
            left, pause = left - 1, pause * 2

    async def _ask(self, client: "AsyncOpenAI", question: Question) -> _Said:
        import openai

        known = dialect = self._dialects.of(question.model)
        while True:
            began = asyncio.get_running_loop().time()
            try:
                answer = await client.chat.completions.with_raw_response.create(
                    **dialect.put(question), extra_headers=self._unsent
                )
            except openai.APIStatusError as error:
                other = dialect.next(question, quote(error, self._config)) if error.status_code in _UNFIT else None
                if other is None:
                    # Without the cause: its text is the server's, unbounded.
                    raise translate_status(error, self._config, self._ctx.clock.now()) from None
                dialect = other
            except openai.APIConnectionError as error:
                raise translate_connection(error, self._config) from error
            except PermanentError as error:
                raise translate_guarded(error, self._config) from error
            else:
                self._dialects.learn(question.model, known, dialect)
                return _Said(answer.text, max(asyncio.get_running_loop().time() - began, 1e-3))
