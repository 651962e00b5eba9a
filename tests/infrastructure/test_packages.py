"""Installers are run in environments of the tests' own, and leave the core's libraries alone."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.environments import Environment, make_environment, make_wheel

#: Calls a function of `packages` and prints what came of it as JSON.
CALL = """
import json, sys
from dataclasses import asdict
from taskflow.infrastructure import packages
function, arguments, settings = json.loads(sys.argv[1])
try:
    done = getattr(packages, function)(*arguments, **settings)
    print(json.dumps(done and asdict(done)))
except packages.InstallerFailed as failed:
    print(json.dumps({"failed": str(failed), "output": failed.output}))
"""
Call = Callable[..., Any]


def make_call(environment: Environment, **env: str) -> Call:
    def call(function: str, *arguments: object, **settings: object) -> Any:
        done = environment.run("-c", CALL, json.dumps([function, arguments, settings]), env=env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return make_environment(tmp_path / "environment")


@pytest.fixture
def call(environment: Environment) -> Call:
    return make_call(environment)


@pytest.fixture
def offline(wheels: Path) -> dict[str, object]:
    """An installation from the wheels alone."""
    return {"index": False, "find_links": str(wheels)}


def test_what_was_installed_and_asked_for_is_told(
    environment: Environment, call: Call, wheels: Path, offline: dict[str, object]
) -> None:
    make_wheel(wheels, "mood", requires=["pydantic>=2", "nice-library"])
    make_wheel(wheels, "x", distribution="nice-library", point=False)
    done = call("install", ["taskflow-mood>=1"], **offline)
    assert done == {"changed": ["nice-library", "taskflow-mood"], "requested": ["taskflow-mood"]}
    again = call("install", ["Taskflow_Mood"], **offline)
    assert again == {"changed": [], "requested": ["taskflow-mood"]}
    assert environment.installed() == ["nice_library-1.0", "taskflow_mood-1.0"]


def test_a_newer_version_comes_with_upgrade_alone(
    environment: Environment, call: Call, wheels: Path, offline: dict[str, object]
) -> None:
    environment.add(make_wheel(wheels, "mood"))
    make_wheel(wheels, "mood", version="1.1")
    assert call("install", ["taskflow-mood"], **offline)["changed"] == []
    assert call("install", ["taskflow-mood"], upgrade=True, **offline)["changed"] == ["taskflow-mood"]
    assert environment.installed() == ["taskflow_mood-1.1"]


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_plugin_that_wants_another_version_of_the_cores_libraries_changes_nothing(
    environment: Environment, call: Call, wheels: Path, offline: dict[str, object], upgrade: bool
) -> None:
    make_wheel(wheels, "mood")
    make_wheel(wheels, "greedy", requires=["django<5"])
    for version in ("4.2", "99.0"):
        make_wheel(wheels, "x", distribution="django", version=version, point=False)
    done = call("install", ["taskflow-mood", "taskflow-greedy"], upgrade=upgrade, **offline)
    assert done["failed"] == "Nothing was installed; the installer says:"
    assert any("taskflow-greedy 1.0 depends on django<5" in line for line in done["output"])
    assert any("constraint" in line for line in done["output"])
    assert environment.installed() == []
    call("install", ["django"], upgrade=upgrade, **offline)
    assert environment.installed() == []


def test_a_plugin_for_another_release_of_the_core_is_refused(
    environment: Environment, call: Call, wheels: Path, offline: dict[str, object]
) -> None:
    make_wheel(wheels, "future", requires=["taskflow-server>=99"])
    assert any("taskflow-server" in line for line in call("install", ["taskflow-future"], **offline)["output"])
    assert environment.installed() == []


def test_options_are_no_requirements(
    environment: Environment, call: Call, wheels: Path, offline: dict[str, object], tmp_path: Path
) -> None:
    make_wheel(wheels, "mood")
    (tmp_path / "wanted.txt").write_text("taskflow-mood\n")
    assert "failed" in call("install", [f"--requirement={tmp_path / 'wanted.txt'}"], **offline)
    assert environment.installed() == []


def test_what_lies_outside_of_the_environment_is_not_removed(
    environment: Environment, wheels: Path, tmp_path: Path
) -> None:
    other = make_environment(tmp_path / "other")
    other.add(make_wheel(wheels, "mood"))
    done = make_call(environment, PYTHONPATH=str(other.packages))("uninstall", "taskflow-mood")
    assert "lies outside of" in done["failed"]
    assert other.installed() == ["taskflow_mood-1.0"]


def test_what_builds_a_distribution_sees_no_setting_of_the_instance(environment: Environment, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n')
    (source / "b.py").write_text(
        "import os\n\n\ndef build_wheel(*arguments, **settings):\n"
        "    raise SystemExit(f'saw {sorted(name for name in os.environ if name.startswith(\"TASKFLOW_\"))}')\n"
    )
    done = make_call(environment, TASKFLOW_SECRET_KEY="planted")("install", [str(source)], index=False)
    assert any("saw []" in line for line in done["output"])


def test_a_folder_named_pip_is_not_the_installer(
    environment: Environment, wheels: Path, offline: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(wheels, "mood")
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").write_text("raise SystemExit('not pip')")
    monkeypatch.chdir(tmp_path)
    done = make_call(environment)("install", ["taskflow-mood"], **offline)
    assert done["changed"] == ["taskflow-mood"]


def test_an_environment_without_pip_is_served_by_uv(tmp_path: Path, wheels: Path, offline: dict[str, object]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if shutil.which("uv", path=path) is None:
        pytest.skip("there is no uv on this machine")
    environment = make_environment(tmp_path / "without-pip", pip=False)
    call = make_call(environment, PATH=path)
    make_wheel(wheels, "mood")
    make_wheel(wheels, "greedy", requires=["django<5"])
    make_wheel(wheels, "x", distribution="django", version="4.2", point=False)
    done = call("install", ["taskflow-mood"], **offline)
    assert done == {"changed": ["taskflow-mood"], "requested": ["taskflow-mood"]}
    refused = call("install", ["taskflow-greedy"], **offline)
    assert any("django<5" in line for line in refused["output"])
    assert environment.installed() == ["taskflow_mood-1.0"]
    assert call("uninstall", "taskflow-mood") is None
    assert environment.installed() == []


def test_an_environment_without_any_installer_names_the_remedy(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "bare", pip=False)
    done = make_call(environment, PATH=str(tmp_path))("install", ["taskflow-mood"])
    assert "-m ensurepip" in done["failed"]
