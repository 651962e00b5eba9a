"""The engine `ollama`: asks a server of Ollama, through Ollama's own client."""

import asyncio
import importlib
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from taskflow.plugin_api import (
    Completion,
    CompletionRequest,
    Embeddings,
    Health,
    ModelInfo,
    PermanentError,
    PluginContext,
    PluginError,
    Pull,
    Scores,
    TransientError,
)
from taskflow_llm_local.config import Config
from taskflow_llm_local.embeddings import SentenceEmbedder
from taskflow_llm_local.errors import describe
from taskflow_llm_local.ollama.answers import read_completion, read_scores, read_speed
from taskflow_llm_local.ollama.pulls import Pulls

if TYPE_CHECKING:
    from ollama import AsyncClient

#: Seconds that fetching a model may take: a day.
_LONGEST_PULL = 86_400.0
#: As many alternatives to a token as Ollama tells of.
_ALTERNATIVES = 20
_TRIAL = CompletionRequest(system="Answer in one short sentence.", prompt="Are you ready?", max_tokens=64)

Result = TypeVar("Result")


class Ollama:
    """Models on one server. It may be asked many things at once, in one event loop."""

    name = "ollama"

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx, self._config = ctx, cast(Config, ctx.config)
        self._opening = asyncio.Lock()
        self._clients: dict[float, AsyncClient] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pulls = Pulls(self._fetch, _unreadable)
        self._embedder = SentenceEmbedder(self._config)
        #: False once the server turned out not to tell how probable its tokens are.
        self._tells_probabilities = True

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answers within `timeout_s`. `AuthError`, `TransientError`, `PermanentError`."""
        return read_completion(await self._chat(request, format=request.json_schema), self._config.host)

    async def score(self, request: CompletionRequest, choices: Sequence[str]) -> Scores | None:
        """How probable each choice is, by the answer's first token; None where the server does not tell."""
        if len(choices) < 2:
            raise PermanentError("Choices are two at least.")
        if not self._tells_probabilities:
            return None
        one = request.model_copy(update={"max_tokens": 1, "temperature": 0.0})
        answer = await self._chat(one, logprobs=True, top_logprobs=_ALTERNATIVES)
        self._tells_probabilities = bool(answer.logprobs)
        return read_scores(answer, choices)

    async def embed(self, texts: Sequence[str]) -> Embeddings | None:
        """Vectors by `embedding_model`, on this machine; None without one. `TransientError`, `PermanentError`."""
        return await self._embedder.embed(texts)

    async def check(self) -> Health:
        """Asks for a sentence."""
        config = self._config
        health = Health(ok=True, model=config.model or "", checked_at=self._ctx.clock.now())
        slow = (
            f"Check that Ollama runs at ollama_host ({config.ollama_host}) and not overloaded. If it is slow, or "
            f"loads the model for the first time, ask again or raise timeout_s ({config.timeout_s:g} now)."
        )
        wrong = f"Check model ({config.model}) and ollama_host ({config.ollama_host}): something else may listen there."
        try:
            answer = await self._chat(_TRIAL)
            completion = read_completion(answer, config.host)
        except PluginError as error:
            return describe(error, health, slow=slow, wrong=wrong)
        if not completion.text.strip():
            empty = PermanentError(f"It answered without a word, having used its {_TRIAL.max_tokens} tokens.")
            return describe(empty, health, slow="", wrong="Set model to one that answers without thinking first.")
        update = {"sample": completion.text[:1_000], "tokens_per_second": read_speed(answer)}
        return health.model_copy(update=update | ({"model": completion.model} if completion.model else {}))

    async def models(self) -> Sequence[ModelInfo]:
        """What the server has. `AuthError`, `TransientError`, `PermanentError`."""
        client = await self._open(self._config.timeout_s)
        found = await self._in_time(client.list())
        named = [(held.model, held.size) for held in found.models if held.model]
        return [ModelInfo(name=name[:200], size_bytes=size and max(0, int(size))) for name, size in named]

    async def pull(self, model: str) -> Pull:
        """Has the server fetch a model, or says how far it is. `PermanentError` for a name that is none."""
        return self._pulls.join(model)

    def close(self) -> None:
        """Ends what is being fetched and closes connections, from whichever thread; may be called twice."""
        clients, loop, self._clients = list(self._clients.values()), self._loop, {}
        self._embedder.close()
        if loop is None or loop.is_closed():
            return
        if loop.is_running():
            loop.call_soon_threadsafe(self._pulls.close)
            loop.call_soon_threadsafe(lambda: loop.create_task(_close(clients)))
        else:
            loop.run_until_complete(_close(clients))

    async def _chat(self, request: CompletionRequest, **more: Any) -> Any:
        config = self._config
        options: dict[str, Any] = {
            "num_ctx": config.context,
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
        }
        if config.threads:
            options["num_thread"] = config.threads
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": request.prompt}]
        client = await self._open(config.timeout_s)
        return await self._in_time(
            client.chat(
                model=request.model or config.model or "",
                messages=messages,
                options=options,
                keep_alive=float(config.keep_alive_s),
                # A judgement of one word is asked for; thoughts would use up its tokens.
                think=False,
                **more,
            )
        )

    async def _in_time(self, asked: Awaitable[Result]) -> Result:
        config = self._config
        try:
            async with asyncio.timeout(config.timeout_s):
                return await asked
        except TimeoutError as error:
            raise TransientError(f"{config.host} did not answer within {config.timeout_s:g} seconds.") from error
        except _unreadable() as error:
            # Without the cause: it holds the answer, unbounded.
            raise PermanentError(
                f"{config.host} gave an answer that is none of Ollama's: {type(error).__name__}."
            ) from None

    async def _fetch(self, model: str) -> AsyncGenerator[Any, None]:
        client = await self._open(_LONGEST_PULL)
        # What the client calls an iterator is a generator, which has to be closed.
        return cast("AsyncGenerator[Any, None]", await client.pull(model, stream=True))

    async def _open(self, limit: float) -> "AsyncClient":
        """The client whose requests take so many seconds at most."""
        async with self._opening:
            if limit not in self._clients:
                # It takes a tenth of a second and more to import.
                await asyncio.to_thread(importlib.import_module, "ollama")
                await asyncio.to_thread(importlib.import_module, "taskflow_llm_local.ollama.transport")
                self._loop = asyncio.get_running_loop()
                self._clients[limit] = await asyncio.to_thread(self._connect, limit)
            return self._clients[limit]

    def _connect(self, limit: float) -> "AsyncClient":
        from ollama import AsyncClient

        from taskflow_llm_local.ollama.transport import GuardedTransport

        config = self._config
        transport = GuardedTransport(self._ctx.http(limit), config.host, self._ctx.clock)
        return AsyncClient(host=str(config.ollama_host), transport=transport, follow_redirects=False, trust_env=False)


async def _close(clients: "Sequence[AsyncClient]") -> None:
    for client in clients:
        await client.close()  # type: ignore[no-untyped-call] # it is not annotated


def _unreadable() -> tuple[type[Exception], ...]:
    """What the client raises for an answer that it cannot read, or in which the server says no."""
    from ollama import ResponseError

    return (ResponseError, ValueError, TypeError, AttributeError, RecursionError)
