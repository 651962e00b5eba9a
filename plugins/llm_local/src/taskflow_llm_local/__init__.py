"""Language models on machines of your own: llama.cpp in this very process, or a server of Ollama."""

from typing import TypeAlias, cast

from taskflow.plugin_api import Kind, LLMProvider, Manifest, Network, PluginContext, hookimpl
from taskflow_llm_local.config import Config
from taskflow_llm_local.llama.provider import LlamaCpp
from taskflow_llm_local.ollama.provider import Ollama

Provider: TypeAlias = LlamaCpp | Ollama

manifest = Manifest(
    slug="llm_local",
    name="Local model",
    description="Asks a language model on your own machine: a GGUF file by llama.cpp, or a model of Ollama's.",
    kinds=frozenset({Kind.LLM_PROVIDER}),
    network=Network.CONFIGURED,
    config=Config,
    engine="engine",
    addresses=frozenset({"ollama_host"}),
)

#: By the identity of the context, which a provider keeps alive.
_open: dict[int, Provider] = {}


@hookimpl
def taskflow_llm_providers(ctx: PluginContext) -> list[LLMProvider]:
    """The provider of the engine that is set; it loads or connects when it is first asked."""
    engine = LlamaCpp if cast(Config, ctx.config).engine == "llama_cpp" else Ollama
    return [_open.setdefault(id(ctx), engine(ctx))]


@hookimpl
def taskflow_stop(ctx: PluginContext) -> None:
    """Unloads models, ends what is being fetched, closes connections."""
    provider = _open.pop(id(ctx), None)
    if provider is not None:
        provider.close()
