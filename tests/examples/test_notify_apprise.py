"""The example of a third-party channel: it installs, fits, passes its own tests, and uses the public contract alone."""

import ast
import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from taskflow.plugin_host.discovery import find_installed
from taskflow.plugin_host.inspector import check_settings, inspect
from tests.docs.blocks import ROOT
from tests.environments import build_and_install, run_python

EXAMPLE = ROOT / "examples" / "notify_apprise"


@pytest.fixture
def apprise() -> None:
    """What the example stands on is in the group for development; CI must have it."""
    if find_spec("apprise") is None and os.environ.get("CI") != "true":
        pytest.skip("apprise is not installed")


def test_it_knows_of_taskflow_what_is_public() -> None:
    for path in EXAMPLE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name for name in names if name.split(".")[0] == "taskflow"} <= {
                "taskflow.plugin_api",
                "taskflow.testing.contracts",
                "taskflow.testing.servers",
            }, path


def test_it_installs_and_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = build_and_install(EXAMPLE, tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{target}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (plugin,) = find_installed([str(target)])
    assert (plugin.slug, plugin.distribution) == ("apprise", "taskflow-notify-apprise")
    found = inspect(plugin)
    assert (found.error, found.hooks) == ("", ("taskflow_notification_channels",))
    assert found.schemas["config"]["properties"]["urls"]["format"] == "password"
    assert check_settings(plugin, {"urls": "json://localhost", "timeout_s": 5}) == []
    (problem,) = check_settings(plugin, {"timeout_s": 0})
    assert problem["field"] == "timeout_s"


@pytest.mark.thorough
def test_its_own_tests_pass(apprise: None, tmp_path: Path) -> None:
    installed = {"PYTHONPATH": str(build_and_install(EXAMPLE, tmp_path))}
    assert " passed" in run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=EXAMPLE, env=installed)


def test_loading_it_loads_no_apprise() -> None:
    """A quarter of a second of imports, and threads, for a plugin that may never send anything."""
    code = "import sys, taskflow_notify_apprise; print('apprise' in sys.modules, 'requests' in sys.modules)"
    assert run_python("-c", code, env={"PYTHONPATH": str(EXAMPLE / "src")}) == "False False\n"
