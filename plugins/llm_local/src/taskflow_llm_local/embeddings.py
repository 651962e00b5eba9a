"""Vectors of texts by sentence-transformers, from a folder of this machine, in a thread of its own."""

import importlib
import os
from collections.abc import Sequence
from typing import Any

from taskflow.plugin_api import Embeddings
from taskflow_llm_local.config import Config
from taskflow_llm_local.errors import Unfit, shorten
from taskflow_llm_local.installed import find_embedding_folder
from taskflow_llm_local.worker import Leash, Worker

#: Texts at a time: between two batches it is seen whether somebody still waits.
_BATCH = 16


class SentenceEmbedder:
    """A model that is loaded at the first call, which takes seconds: it imports torch."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._model: Any = None
        self._worker = Worker("embeddings", idle_s=config.idle_s, unload=self._unload)

    async def embed(self, texts: Sequence[str]) -> Embeddings | None:
        """Vectors of length 1; None without `embedding_model`. `TransientError`, `PermanentError`."""
        if self._config.embedding_model is None:
            return None
        held = list(texts)
        return await self._worker.run(lambda leash: self._embed(held, leash), limit=self._config.timeout_s)

    def close(self) -> None:
        """Unloads the model."""
        self._worker.close()

    def _embed(self, texts: list[str], leash: Leash) -> Embeddings:
        if self._model is None:
            self._model = _load(self._config)
        vectors: list[tuple[float, ...]] = []
        for start in range(0, len(texts), _BATCH):
            leash.check()
            batch = self._model.encode(
                texts[start : start + _BATCH], normalize_embeddings=True, show_progress_bar=False
            )
            vectors += [tuple(map(float, vector)) for vector in batch]
        return Embeddings(vectors=tuple(vectors), model=(self._config.embedding_model or "")[-200:])

    def _unload(self) -> None:
        self._model = None


def _load(config: Config) -> Any:
    folder = find_embedding_folder(config.embedding_model or "")
    # Read when the libraries are imported: without, they would look for newer files on a hub.
    os.environ |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    try:
        library, torch = importlib.import_module("sentence_transformers"), importlib.import_module("torch")
    except ImportError as error:
        remedy = "Install the extra: pip install 'taskflow-llm-local[embeddings]'."
        raise Unfit(
            f"embedding_model: sentence-transformers cannot be imported: {shorten(str(error))}.", remedy
        ) from error
    torch.set_num_threads(config.cores)
    try:
        return library.SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        remedy = "Name a folder with a whole model of sentence-transformers, as its save() writes it."
        raise Unfit(f"embedding_model: {folder} cannot be loaded: {shorten(str(error))}.", remedy) from error
