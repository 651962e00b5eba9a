"""The page on testing plugins: its tests pass for the plugin that they are shown for, and it names what there is."""

import os
import subprocess
import sys
from pathlib import Path

from taskflow.interfaces.cli.plugin_new import PluginKind, render
from taskflow.testing import contracts, plugin, servers
from tests.docs.blocks import ROOT, blocks
from tests.plugin_host.distributions import make

PAGE = ROOT / "docs" / "plugins" / "testing.md"


def test_the_tests_of_the_page_pass_for_the_prioritiser_that_is_begun_with(tmp_path: Path) -> None:
    written = render("mentions", PluginKind.PRIORITISER)["src/taskflow_mentions/__init__.py"]
    assert make(tmp_path, "mentions", written) == "taskflow_mentions"
    (tmp_path / "test_contract.py").write_text(next(b.text for b in blocks(PAGE) if b.language == "python"))
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_page_names_every_contract_server_and_fixture() -> None:
    text = PAGE.read_text(encoding="utf-8")
    fixtures = [name for name in vars(plugin) if name.startswith("fake_")]
    fakes = [name for name in servers.__all__ if name.startswith("Fake") and name not in {"FakeLLM", "FakeServer"}]
    assert len(fixtures) == len(fakes) == 4
    for name in [*contracts.__all__, *fakes, *fixtures]:
        assert f"`{name}`" in text, name
