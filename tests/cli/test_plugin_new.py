"""`taskflow plugins new` writes packages that are plugins already: they install, fit, and pass their own tests."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from taskflow.plugin_host.discovery import find_installed
from taskflow.plugin_host.inspector import check_settings, inspect
from tests.bootstrap.instances import run
from tests.environments import build_and_install, run_python

KINDS = {
    "provider": ("llm_provider", ("taskflow_llm_providers",), "configured"),
    "prioritiser": ("prioritiser", ("taskflow_prioritisers",), "none"),
    "channel": ("notification_channel", ("taskflow_notification_channels",), "configured"),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "provider": {"base_url": "http://127.0.0.1:9/v1", "model": "small", "api_key": "k"},
    "prioritiser": {"words": ["rent"]},
    "channel": {"url": "https://hooks.example/in"},
}


def make(folder: Path, slug: str, kind: str) -> Path:
    done = run("plugins", "new", slug, "--kind", kind, "--directory", folder, "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["folder"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_installs_and_fits(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = build_and_install(make(tmp_path, "my_first", kind), tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{target}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (plugin,) = find_installed([str(target)])
    assert (plugin.slug, plugin.distribution, plugin.refusal) == ("my_first", "taskflow-my-first", "")
    found = inspect(plugin)
    kinds, hooks, network = KINDS[kind]
    assert (found.error, found.hooks) == ("", hooks)
    assert (found.manifest["kinds"], found.manifest["network"]) == ([kinds], network)
    assert check_settings(plugin, SETTINGS[kind]) == []


@pytest.mark.parametrize(
    "kind",
    ["prioritiser", *(pytest.param(kind, marks=pytest.mark.thorough) for kind in ("provider", "channel"))],
)
def test_a_new_package_is_green_at_once(kind: str, tmp_path: Path) -> None:
    folder = make(tmp_path, "my_first", kind)
    # As its author runs them: installed, in its folder.
    installed = {"PYTHONPATH": str(build_and_install(folder, tmp_path))}
    said = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder, env=installed)
    assert " passed" in said
    run_python("-m", "ruff", "check", "--no-cache", ".", cwd=folder)
    run_python("-m", "ruff", "format", "--no-cache", "--check", ".", cwd=folder)


@pytest.mark.thorough
def test_new_packages_hold_no_type_error(tmp_path: Path) -> None:
    for kind in KINDS:
        folder = make(tmp_path, f"my_{kind}", kind)
        # One cache: the libraries are read once.
        run_python("-m", "mypy", "--cache-dir", tmp_path / "cache", cwd=folder)


def test_names_follow_from_the_slug(tmp_path: Path) -> None:
    folder = make(tmp_path, "a1_b", "prioritiser")
    assert folder == tmp_path / "taskflow-a1-b"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "taskflow-a1-b"
    assert project["entry-points"]["taskflow.plugins.v1"] == {"a1_b": "taskflow_a1_b"}
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "README.md",
        "pyproject.toml",
        "src/taskflow_a1_b/__init__.py",
        "src/taskflow_a1_b/py.typed",
        "tests/test_a1_b.py",
    ]


@pytest.mark.parametrize("slug", ["Mood", "my-mood", "my__mood", "1st", "_mood", "m" * 41, "", "../mood", "server"])
def test_a_name_that_is_no_slug_is_refused(slug: str, tmp_path: Path) -> None:
    done = run("plugins", "new", slug, "--directory", tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "slug" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "taskflow-mood"
    kept.mkdir()
    done = run("plugins", "new", "mood", "--directory", tmp_path)
    assert done.returncode == 1
    assert f"{kept} is there already" in done.stderr
    assert list(kept.iterdir()) == []
    missing = run("plugins", "new", "mood", "--directory", tmp_path / "nowhere")
    assert (missing.returncode, f"no folder {tmp_path / 'nowhere'}" in missing.stderr) == (1, True)


def test_an_unknown_kind_is_wrong_usage(tmp_path: Path) -> None:
    done = run("plugins", "new", "mood", "--kind", "theme", "--directory", tmp_path)
    assert done.returncode == 2
    assert "prioritiser" in done.stderr


def test_it_needs_neither_django_nor_an_instance(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['taskflow', 'plugins', 'new', 'mood', '--directory', {str(tmp_path)!r}]\n"
        "from taskflow.bootstrap.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([name for name in ('django', 'numpy', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_templates_are_in_the_wheel(tmp_path: Path) -> None:
    """The command must work where the core was installed from a wheel."""
    root = Path(__file__).parents[2]
    run_python("-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=root)
    (wheel,) = tmp_path.glob("*.whl")
    names = run_python("-m", "zipfile", "--list", wheel)
    for path in (root / "taskflow/interfaces/cli/plugin_template").rglob("*.txt"):
        assert str(path.relative_to(root)) in names
