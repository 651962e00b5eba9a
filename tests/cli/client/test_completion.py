"""What the shell completes: quickly, from what was listed, and silently."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from taskflow.interfaces.cli.client.recent import (
    complete_project,
    complete_task,
    forget_all,
    remember_projects,
    remember_tasks,
)
from tests.bootstrap.instances import COMMAND, clean_environment


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "taskflow" / "recent.json"


def task(key: str, status: str = "todo") -> dict[str, str]:
    return {"key": key, "status": status}


def test_the_last_listed_come_first_and_finished_ones_go(cache: Path) -> None:
    remember_tasks([task("HOME-1"), task("HOME-2")])
    remember_tasks([task("HOME-12"), task("HOME-2", "done")])
    assert complete_task("home-") == ["HOME-12", "HOME-1"]
    assert complete_task("HOME-12") == ["HOME-12"]
    assert complete_project("") == ["HOME"]
    remember_projects(["WORK", "HOME"])
    assert complete_project("w") == ["WORK"]
    forget_all()
    assert (complete_task(""), complete_project("")) == ([], [])


def test_only_keys_reach_the_shell(cache: Path) -> None:
    remember_tasks([task("$(reboot)-1"), task("HOME-1;ls"), task("HOME-1")])
    remember_projects(["`ls`", "HOME"])
    assert (complete_task(""), complete_project("")) == (["HOME-1"], ["HOME"])
    cache.write_text(json.dumps({"tasks": ["$(reboot)"], "projects": ["$(reboot)"]}))
    assert (complete_task(""), complete_project("")) == ([], [])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tasks": 5, "projects": {}}', '{"tasks": [null]}'])
def test_a_damaged_file_completes_nothing_and_is_replaced(cache: Path, text: str) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text(text)
    assert complete_task("") == []
    remember_tasks([task("HOME-1")])
    assert complete_task("") == ["HOME-1"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    remember_tasks([task("HOME-1")])
    assert complete_task("") == []


def test_the_shell_gets_keys_and_commands(cache: Path) -> None:
    remember_tasks([task("HOME-12"), task("HOME-3")])
    environment = clean_environment() | {"XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}

    def complete(line: str, word: int) -> list[str]:
        asked = {"_TASKFLOW_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(word)}
        return subprocess.run(
            COMMAND, env=environment | asked, capture_output=True, text=True, timeout=60, check=True
        ).stdout.split()

    assert complete("taskflow done HOME-1", 2) == ["HOME-12"]
    assert complete("taskflow tod", 1) == ["today"]
