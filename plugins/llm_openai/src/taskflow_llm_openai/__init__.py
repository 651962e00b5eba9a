"""Language models behind any server that speaks OpenAI's Chat Completions: OpenAI's own, vLLM, llama.cpp, Ollama."""

from taskflow.plugin_api import Kind, LLMProvider, Manifest, Network, PluginContext, hookimpl
from taskflow_llm_openai.config import Config
from taskflow_llm_openai.provider import ChatCompletions

manifest = Manifest(
    slug="llm_openai",
    name="OpenAI-compatible server",
    description="Asks a language model over Chat Completions: OpenAI's, or vLLM, llama.cpp or Ollama on your machines.",
    kinds=frozenset({Kind.LLM_PROVIDER}),
    network=Network.CONFIGURED,
    config=Config,
)

#: By the identity of the context, which a provider keeps alive.
_open: dict[int, ChatCompletions] = {}


@hookimpl
def taskflow_llm_providers(ctx: PluginContext) -> list[LLMProvider]:
    """One provider; it connects when it is first asked."""
    provider = _open.setdefault(id(ctx), ChatCompletions(ctx))
    return [provider]


@hookimpl
def taskflow_stop(ctx: PluginContext) -> None:
    """Closes the provider's connections."""
    provider = _open.pop(id(ctx), None)
    if provider is not None:
        provider.close()
