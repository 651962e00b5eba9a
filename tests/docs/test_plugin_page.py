"""The plugin of the documentation is one: installed, it fits the contract."""

import asyncio
import importlib
import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest

from taskflow.plugin_api import ENTRY_POINT_GROUP, Prioritiser, PriorityRequest, TaskView
from taskflow.plugin_host.discovery import find_installed
from taskflow.plugin_host.inspector import check_settings, inspect
from tests.docs.blocks import ROOT, blocks
from tests.plugin_host.distributions import make


def test_the_plugin_of_the_page_fits_and_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {block.language: block.text for block in blocks(ROOT / "docs" / "plugins" / "writing.md")}
    project = tomllib.loads(found["toml"])["project"]
    ((slug, module),) = project["entry-points"][ENTRY_POINT_GROUP].items()
    assert make(tmp_path, slug, found["python"], distribution=project["name"]) == module
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (plugin,) = find_installed([str(tmp_path)])
    answer = inspect(plugin)
    assert (answer.error, answer.hooks) == ("", ("taskflow_prioritisers",))
    assert check_settings(plugin, {"word": "rent"}) == []

    monkeypatch.syspath_prepend(tmp_path)
    loaded = importlib.import_module(module)
    (prioritiser,) = loaded.taskflow_prioritisers(SimpleNamespace(config=loaded.Config(word="rent")))
    assert isinstance(prioritiser, Prioritiser)
    now = datetime.now(UTC)
    for title, level in (("Pay the rent", "urgent"), ("Sort the spices", None)):
        request = PriorityRequest(task=TaskView(id=uuid4(), title=title, created_at=now), now=now)
        signal = asyncio.run(prioritiser.prioritise(request))
        likeliest = None if signal is None else max(signal.probabilities.items(), key=lambda pair: pair[1])[0]
        assert likeliest == level
