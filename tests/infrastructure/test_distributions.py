"""What the core needs is read from metadata, with extras and markers."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from taskflow.infrastructure.distributions import NotInstalled, find_unmet, list_constraints, take_stock, was_requested


def make(folder: Path, name: str, version: str, *requires: str, requested: bool = False) -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    lines = [f"Requires-Dist: {requirement}" for requirement in requires]
    (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]))
    if requested:
        (info / "REQUESTED").touch()


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder that distributions are found in."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return tmp_path


def test_the_core_as_it_is_installed_here_is_held_with_all_that_it_needs() -> None:
    held = dict(line.split("==") for line in list_constraints())
    assert held["taskflow-server"] == importlib.metadata.version("taskflow-server")
    # Named, needed by something named, and needed by an extra that is named.
    assert {"django", "asgiref", "qrcode"} <= held.keys()
    # Installed here for tests alone.
    assert not {"pytest", "mypy", "hypothesis"} & held.keys()


def test_what_an_extra_or_a_marker_leaves_out_is_left_to_plugins(only: Path) -> None:
    make(only, "taskflow-server", "1.0", "Web.Kit[fast]>=1", "other; python_version < '3'", "absent")
    make(only, "web-kit", "1.2", "speed; extra == 'fast'", "colour; extra == 'shell'")
    for name in ("speed", "colour", "other"):
        make(only, name, "3")
    assert list_constraints() == ["speed==3", "taskflow-server==1.0", "web-kit==1.2"]


def test_requirements_in_a_circle_end(only: Path) -> None:
    make(only, "taskflow-server", "1.0", "there")
    make(only, "there", "1", "back")
    make(only, "back", "1", "there")
    assert list_constraints() == ["back==1", "taskflow-server==1.0", "there==1"]


def test_a_core_that_is_only_on_the_path_says_so(only: Path) -> None:
    with pytest.raises(NotInstalled, match="taskflow-server itself is not installed"):
        list_constraints()


def test_what_a_plugin_misses_is_told_in_words(only: Path) -> None:
    make(only, "taskflow-mood", "1.0", "shared<2", "absent>=1", "fine")
    make(only, "shared", "2.1", "deep==4")
    make(only, "fine", "1.0b1")
    make(only, "deep", "5")
    assert find_unmet("taskflow-mood") == [
        "absent>=1 is not installed",
        "deep==4 is needed, 5 is installed",
        "shared<2 is needed, 2.1 is installed",
    ]
    assert find_unmet("fine") == []


def test_a_stock_changes_with_files_and_knows_what_was_asked_for(only: Path) -> None:
    make(only, "asked", "1", requested=True)
    make(only, "needed", "1")
    before = take_stock()
    assert set(before) == {"asked", "needed"}
    assert (was_requested("asked"), was_requested("needed"), was_requested("absent")) == (True, False, False)
    (only / "needed-1.dist-info" / "RECORD").write_text("needed.py,,\n")
    after = take_stock()
    assert {name for name in after if after[name] != before[name]} == {"needed"}
