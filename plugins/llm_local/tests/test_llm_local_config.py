"""What the settings accept, and what they say where they do not."""

from typing import Any

import pytest
from pydantic import ValidationError

from taskflow_llm_local.config import Config, count_cores


def problems(**values: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(values)
    return [(str(found["loc"][0]), found["msg"]) for found in caught.value.errors()]


def test_llama_cpp_needs_no_setting() -> None:
    config = Config()
    assert (config.engine, config.path, config.cores) == ("llama_cpp", None, count_cores())
    assert count_cores() >= 1


def test_ollama_needs_a_model() -> None:
    for values in ({}, {"model": ""}, {"model": "  "}, {"model": None}):
        ((field, message),) = problems(engine="ollama", **values)
        assert (field, "needs the name of a model" in message) == ("model", True)
    assert Config(engine="ollama", model="qwen3:4b").host == "127.0.0.1:11434"


@pytest.mark.parametrize("address", ["http://user:word@127.0.0.1:11434", "http://127.0.0.1/?key=1", "ftp://127.0.0.1"])
def test_an_address_is_an_address_alone(address: str) -> None:
    assert [field for field, _ in problems(ollama_host=address)] == ["ollama_host"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("threads", -1), ("context", 10), ("gpu_layers", -2), ("idle_s", -1), ("timeout_s", 0), ("keep_alive_s", -1)],
)
def test_numbers_have_bounds(field: str, value: int) -> None:
    assert [name for name, _ in problems(**{field: value})] == [field]


def test_an_empty_path_is_none() -> None:
    config = Config(model_path="", embedding_model="")
    assert (config.path, config.embedding_model) == (None, None)
