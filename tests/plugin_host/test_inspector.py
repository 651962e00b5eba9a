"""A plugin is asked in a process of its own: whatever it does there, the answer comes in time and names the trouble."""

import os
import time
from pathlib import Path

import pytest

from taskflow.plugin_host.discovery import Installed, find_installed
from taskflow.plugin_host.inspector import check_settings, inspect
from tests.plugin_host.distributions import GOOD, make


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return tmp_path


def only(folder: Path) -> Installed:
    (found,) = find_installed([str(folder)])
    return found


def test_a_plugin_says_what_it_is(folder: Path) -> None:
    make(folder, "mood")
    found = inspect(only(folder))
    assert (found.error, found.hooks) == ("", ("taskflow_prioritisers",))
    assert found.manifest["name"] == "Good"
    assert (found.manifest["kinds"], found.manifest["network"]) == (["prioritiser"], "none")
    assert found.schemas["config"]["properties"]["level"] == {"default": 3, "title": "Level", "type": "integer"}
    assert found.schemas["user_config"] is None


def test_a_plugin_names_settings_that_mean_something_to_the_host(folder: Path) -> None:
    make(folder, "mood", GOOD.format(slug="mood").replace("kinds=", 'engine="level", addresses={"level"}, kinds='))
    found = inspect(only(folder))
    assert (found.error, found.manifest["engine"], found.manifest["addresses"]) == ("", "level", ["level"])


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("raise ValueError('no licence file')", "ValueError: no licence file"),
        ("import nothing_of_that_name", "nothing_of_that_name"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import os; os._exit(7)", "exit code 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("x = 1", "manifest must be"),
        ("manifest = {'slug': 'mood'}", "there is a dict"),
        (GOOD.format(slug="other"), "slug 'other'"),
        (GOOD.format(slug="mood").replace("kinds={Kind.PRIORITISER}", "kinds=set()"), "kinds"),
        (GOOD.format(slug="mood").replace("kinds=", 'engine="motor", kinds='), "no field motor"),
        (GOOD.format(slug="mood").replace("(ctx)", "(ctx, more)"), "more"),
        (GOOD.format(slug="mood").replace("@hookimpl\n", ""), "no hook"),
        (GOOD.format(slug="mood").replace("taskflow_prioritisers", "taskflow_nothing"), "taskflow_nothing"),
        ("print('x' * 300_000)\nraise ValueError", "ValueError"),
    ],
)
def test_what_goes_wrong_is_named(folder: Path, code: str, word: str) -> None:
    make(folder, "mood", code)
    found = inspect(only(folder))
    assert word in found.error
    assert found.manifest == {}


def test_one_that_hangs_ends_in_time_with_what_it_started(folder: Path) -> None:
    started = folder / "started"
    code = (
        "import pathlib, subprocess, time\n"
        f"pathlib.Path({str(started)!r}).write_text(str(subprocess.Popen(['sleep', '60']).pid))\n"
        "time.sleep(60)\n"
    )
    make(folder, "mood", code)
    began = time.monotonic()
    assert "within 2 seconds" in inspect(only(folder), deadline=2).error
    assert time.monotonic() - began < 5
    child = int(started.read_text())
    deadline = time.monotonic() + 5
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(child)


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_thread_that_is_left_behind_keeps_nobody(folder: Path) -> None:
    make(
        folder,
        "mood",
        GOOD.format(slug="mood")
        + "\nimport threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n",
    )
    began = time.monotonic()
    assert inspect(only(folder)).error == ""
    assert time.monotonic() - began < 8


def test_it_sees_no_setting_of_the_instance(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFLOW_SECRET_KEY", "planted")
    make(folder, "mood", "import os\nraise ValueError(sorted(name for name in os.environ if 'TASKFLOW' in name))")
    assert "ValueError: []" in inspect(only(folder)).error


def test_settings_are_checked_by_the_plugins_own_model(folder: Path) -> None:
    make(folder, "mood")
    assert check_settings(only(folder), {"level": 5}) == []
    problems = check_settings(only(folder), {"level": "high", "colour": "red"})
    assert [(problem["field"], problem["code"]) for problem in problems] == [
        ("level", "int_parsing"),
        ("colour", "extra_forbidden"),
    ]


def test_no_message_repeats_a_secret(folder: Path) -> None:
    field = (
        "api_key: SecretStr\n\n    @field_validator('api_key')\n    def check(cls, value):\n"
        "        raise ValueError(f'{value.get_secret_value()} is wrong')"
    )
    code = "from pydantic import SecretStr, field_validator\n" + GOOD.format(slug="mood").replace(
        "level: int = 3", field
    )
    make(folder, "mood", code)
    (problem,) = check_settings(only(folder), {"api_key": "planted-secret"})
    assert "planted" not in str(problem)
    assert problem["field"] == "api_key"


def test_one_that_was_refused_by_its_metadata_is_not_started(folder: Path) -> None:
    make(folder, "mood", "raise ValueError", group="taskflow.plugins.v2")
    assert "taskflow.plugins.v2" in inspect(only(folder)).error
