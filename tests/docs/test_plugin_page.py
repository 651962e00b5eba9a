"""The plugin of the documentation is one: it fits the contract, answers, and lives as the page tells."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from taskflow.plugin_api import ENTRY_POINT_GROUP, CompletionRequest
from taskflow.plugin_host.discovery import find_installed
from taskflow.plugin_host.inspector import check_settings, inspect
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import CallFailed, Outbound
from taskflow.testing.servers import FakeOpenAI, Fault
from tests.docs.blocks import ROOT, blocks
from tests.docs.plugin_walk import Walk
from tests.environments import run_python
from tests.plugin_host.distributions import make
from tests.plugin_host.hosting import Plugins, Remembered, put

PAGE = ROOT / "docs" / "plugins" / "writing.md"
PLUGIN, CONTRACT = [block.text for block in blocks(PAGE) if block.language == "python"]
(PROJECT,) = [block.text for block in blocks(PAGE) if block.language == "toml"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is installed, for this process and those that it starts."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return tmp_path


def config(server: FakeOpenAI) -> dict[str, Any]:
    return {"base_url": server.url, "model": server.model, "api_key": "planted-secret", "timeout_s": 2}


def test_the_provider_has_thirty_lines() -> None:
    code = PLUGIN[PLUGIN.index("class Tiny") : PLUGIN.index("manifest =")]
    assert len([line for line in code.splitlines() if line]) <= 30


def test_the_plugin_of_the_page_fits(folder: Path) -> None:
    project = tomllib.loads(PROJECT)["project"]
    ((slug, module),) = project["entry-points"][ENTRY_POINT_GROUP].items()
    assert make(folder, slug, PLUGIN, distribution=project["name"]) == module
    (plugin,) = find_installed([str(folder)])
    answer = inspect(plugin)
    assert (answer.error, answer.hooks) == ("", ("taskflow_llm_providers",))
    assert check_settings(plugin, {"base_url": "http://127.0.0.1:9/v1", "model": "m"}) == []
    assert [problem["field"] for problem in check_settings(plugin, {"base_url": "nowhere"})] == ["base_url", "model"]


def test_it_completes_through_the_runner(folder: Path) -> None:
    source, sink = Plugins(), Remembered()
    request = CompletionRequest(system="Answer briefly.", prompt="Are you there?")
    runner = Runner(source, sink, outbound=Outbound())
    try:
        with FakeOpenAI() as server:
            source.enable(put(folder, "tiny", PLUGIN, **config(server)))
            answer = runner.complete("tiny", request, deadline=10)
            assert (answer.text, answer.model) == ("Are you there?", "fake-model")
            server.fault = Fault.UNAUTHORISED
            with pytest.raises(CallFailed, match="refused the key") as refused:
                runner.complete("tiny", request, deadline=10)
        assert (refused.value.kind, [failure.kind for failure in sink.failures]) == ("auth", ["auth"])
    finally:
        runner.close()


def test_the_contract_of_the_page_passes(folder: Path) -> None:
    make(folder, "tiny", PLUGIN)
    (folder / "test_contract.py").write_text(CONTRACT)
    options = ["-q", "-W", "error", "-p", "no:cacheprovider"]
    said = run_python("-m", "pytest", *options, cwd=folder, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert " passed" in said


def test_its_life_is_as_the_page_shows(tmp_path: Path) -> None:
    package = tmp_path / "taskflow-tiny"
    package.mkdir()
    (package / "taskflow_tiny.py").write_text(PLUGIN)
    (package / "pyproject.toml").write_text(PROJECT)
    # The contract has a test of its own; here it is enough that the command finds it.
    (package / "test_contract.py").write_text("def test_it_is_found():\n    import taskflow_tiny\n")
    with Walk(tmp_path, PAGE) as walk:
        walk.compare()
