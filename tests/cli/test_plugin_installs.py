"""`taskflow plugins install` and `remove`, with real wheels in environments of the tests' own."""

import json
from pathlib import Path

import pytest

from tests.environments import Environment, make_environment, make_wheel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return make_environment(tmp_path / "environment")


@pytest.fixture
def offline(wheels: Path, data_dir: Path) -> list[str]:
    """Options of an installation from the wheels alone."""
    return ["--no-index", "--find-links", str(wheels), "--data-dir", str(data_dir)]


def test_a_plugin_is_installed_and_removed(
    environment: Environment, wheels: Path, offline: list[str], data_dir: Path
) -> None:
    make_wheel(wheels, "mood", requires=["pydantic>=2"])
    done = environment.taskflow("plugins", "install", "taskflow-mood", "--json", *offline)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["changed"], report["without_plugin"], report["unmet"]) == (["taskflow-mood"], [], {})
    assert [(row["slug"], row["status"]) for row in report["results"]] == [("mood", "disabled")]
    assert environment.installed() == ["taskflow_mood-1.0"]

    removed = environment.taskflow("plugins", "remove", "mood", "--yes", "--json", "--data-dir", data_dir)
    assert removed.returncode == 0, removed.stderr
    assert json.loads(removed.stdout) == {"distribution": "taskflow-mood", "version": "1.0", "slugs": ["mood"]}
    assert environment.installed() == []
    listed = environment.taskflow("plugins", "list", "--data-dir", data_dir).stdout
    assert "mood" not in listed


def test_what_is_there_already_is_named_as_it_is(environment: Environment, wheels: Path, offline: list[str]) -> None:
    environment.add(make_wheel(wheels, "mood"))
    done = environment.taskflow("plugins", "install", "taskflow-mood", *offline)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "mood  taskflow-mood 1.0  disabled  prioritiser; network: none",
        "Nothing was changed: all of it was there already.",
    ]


def test_a_plugin_that_wants_another_version_of_the_cores_libraries_is_refused_in_the_resolvers_words(
    environment: Environment, wheels: Path, offline: list[str]
) -> None:
    make_wheel(wheels, "greedy", requires=["django<5"])
    make_wheel(wheels, "greedy", distribution="django", version="4.2", point=False)
    done = environment.taskflow("plugins", "install", "taskflow-greedy", "--json", *offline)
    assert done.returncode == 1
    assert done.stderr.startswith("Nothing was installed; the installer says:\n")
    assert "taskflow-greedy 1.0 depends on django<5" in done.stderr
    report = json.loads(done.stdout)
    assert report["error"].startswith("Nothing was installed")
    assert any("django<5" in line for line in report["output"])
    assert environment.installed() == []


def test_broken_plugins_are_installed_named_and_removed(
    environment: Environment, wheels: Path, offline: list[str], data_dir: Path
) -> None:
    make_wheel(wheels, "leaves", code="import os; os._exit(3)")
    make_wheel(wheels, "hurts", code="raise KeyboardInterrupt")
    done = environment.taskflow("plugins", "install", "taskflow-leaves", "taskflow-hurts", *offline)
    assert done.returncode == 0, done.stderr
    hurts, leaves = done.stdout.splitlines()
    assert "load_error: Importing taskflow_hurts raised KeyboardInterrupt" in hurts
    assert "exit code 3" in leaves
    removed = environment.taskflow("plugins", "remove", "Taskflow_Leaves", "--yes", "--data-dir", data_dir)
    assert (removed.returncode, removed.stdout) == (0, "Removed taskflow-leaves 1.0.\n"), removed.stderr
    assert environment.installed() == ["taskflow_hurts-1.0"]


def test_a_library_is_no_plugin(environment: Environment, wheels: Path, offline: list[str]) -> None:
    wheel = make_wheel(wheels, "nice", distribution="nice-library", point=False)
    done = environment.taskflow("plugins", "install", wheel, *offline)
    assert done.stdout == "nice-library brings no plugin: it has no entry point that TaskFlow knows.\n"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("nice-library", "brings no plugin"),
        ("TaskFlow_Server", "is TaskFlow itself"),
        ("nothing", "No plugin 'nothing' is installed"),
        ("mood", "other-mood and taskflow-mood both claim 'mood'"),
    ],
)
def test_only_a_plugin_that_is_meant_alone_is_removed(
    environment: Environment, wheels: Path, data_dir: Path, name: str, word: str
) -> None:
    environment.add(
        make_wheel(wheels, "nice", distribution="nice-library", point=False),
        make_wheel(wheels, "mood"),
        make_wheel(wheels, "mood", distribution="other-mood"),
    )
    before = environment.installed()
    refused = environment.taskflow("plugins", "remove", name, "--yes", "--data-dir", data_dir)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
    assert word in refused.stderr
    assert environment.installed() == before


def test_a_library_that_two_plugins_want_differently_is_told(
    environment: Environment, wheels: Path, offline: list[str]
) -> None:
    environment.add(make_wheel(wheels, "x", distribution="shared", point=False))
    environment.add(make_wheel(wheels, "first", requires=["shared<2"]))
    make_wheel(wheels, "x", distribution="shared", version="2.0", point=False)
    make_wheel(wheels, "second", requires=["shared>=2"])
    done = environment.taskflow("plugins", "install", "taskflow-second", *offline)
    assert done.returncode == 0, done.stderr
    assert "taskflow-first may not work any more: shared<2 is needed, 2.0 is installed." in done.stdout


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_removal_asks_unless_it_is_told_not_to(
    environment: Environment, wheels: Path, data_dir: Path, answer: str, code: int
) -> None:
    environment.add(make_wheel(wheels, "mood"))
    asked = environment.taskflow("plugins", "remove", "mood", "--data-dir", data_dir, stdin=f"{answer}\n")
    assert asked.returncode == code
    assert "Uninstall taskflow-mood 1.0 (mood)?" in asked.stderr
    assert environment.installed() == (["taskflow_mood-1.0"] if code else [])


def test_nothing_is_installed_beside_a_misspelt_folder(environment: Environment, wheels: Path, tmp_path: Path) -> None:
    wheel = make_wheel(wheels, "mood")
    done = environment.taskflow("plugins", "install", wheel, "--no-index", "--data-dir", tmp_path / "dta")
    assert done.returncode == 1
    assert "no instance in" in done.stderr
    assert environment.installed() == []
