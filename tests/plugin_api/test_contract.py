"""The contract: quick to import, frozen, strict."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from taskflow import plugin_api
from taskflow.plugin_api import Kind, Manifest, Network, PluginConfig, Pull, Signal, TaskView, Usage

EVEN = {"low": 0.25, "medium": 0.25, "high": 0.25, "urgent": 0.25}


def test_it_imports_neither_django_nor_anything_of_the_core() -> None:
    code = (
        "import sys, taskflow.plugin_api\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('django', 'taskflow.', 'httpx', 'sqlite3'))))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in found if not name.startswith("taskflow.plugin_api")} == set()


def test_everything_public_says_what_it_promises() -> None:
    for name in plugin_api.__all__:
        held = getattr(plugin_api, name)
        if isinstance(held, type):
            assert held.__doc__, name
            assert held.__module__.startswith("taskflow.plugin_api"), name


def test_values_cannot_be_changed() -> None:
    task = TaskView(id=uuid4(), title="Pay", created_at=datetime.now(UTC))
    with pytest.raises(ValidationError):
        task.title = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "probabilities",
    [{}, EVEN | {"low": 0.3}, EVEN | {"low": -0.25, "high": 0.75}, EVEN | {"none": 0.0}, EVEN | {"low": float("nan")}],
)
def test_an_opinion_is_a_distribution_over_the_four_levels(probabilities: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Signal(probabilities=probabilities)


@pytest.mark.parametrize("count", [-1, 2**31, 10**30])
def test_counts_that_no_column_holds_are_refused(count: int) -> None:
    with pytest.raises(ValidationError):
        Usage(prompt_tokens=count, completion_tokens=1)
    with pytest.raises(ValidationError):
        Pull(model="m", state="running", total_bytes=count if count < 0 else 2**32 * count)


def test_naive_instants_are_refused() -> None:
    with pytest.raises(ValidationError):
        TaskView(id=uuid4(), title="Pay", created_at=datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "My-Plugin"},
        {"slug": "a__b"},
        {"kinds": set()},
        {"network": "everywhere"},
        {"uses": {"database"}},
        {"user_config": PluginConfig},
        {"colour": "red"},
    ],
)
def test_a_manifest_that_says_something_else_is_refused(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"slug": "mood", "name": "Mood", "kinds": {Kind.PRIORITISER}, "network": Network.NONE}
    assert Manifest(**right).slug == "mood"
    with pytest.raises(ValidationError):
        Manifest(**right | wrong)


def test_settings_are_strict_frozen_and_show_no_secret() -> None:
    class Config(PluginConfig):
        api_key: SecretStr

    config = Config(api_key=SecretStr("planted"))
    assert "planted" not in repr(config)
    with pytest.raises(ValidationError):
        config.api_key = SecretStr("other")  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Config.model_validate({"api_key": "a", "colour": "red"})
