"""The command line, as a shell runs it: exit codes, one-line errors, JSON."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from taskflow.bootstrap.main import build
from tests.bootstrap.instances import run
from tests.plugin_host.distributions import make


def list_commands(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        return [(path, command)]
    return [row for name, child in command.commands.items() for row in list_commands(child, (*path, name))]


COMMANDS = list_commands(typer.main.get_command(build()))


@pytest.mark.parametrize("command", [command for _, command in COMMANDS], ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_command_explains_itself_and_takes_json_and_where_it_works(command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    # An instance's folder, or the address of one; login takes the address as its argument. A new package needs neither,
    # a gateway nothing of an instance.
    places = [bool(names & options) for names in ({"--data-dir"}, {"--url", "url"}, {"--directory"})]
    assert places.count(True) == (0 if command.name == "gateway" else 1)
    assert command.help.strip()
    assert all(parameter.help for parameter in command.params)


def test_no_command_stands_there_twice() -> None:
    registered = [command.callback for command in build().registered_commands]
    assert len(registered) == len(set(registered))


def test_help_loads_neither_django_nor_the_settings_model() -> None:
    code = (
        "import sys\nsys.argv = ['taskflow', '--help']\n"
        "from taskflow.bootstrap.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([name for name in ('django', 'pydantic', 'numpy', 'uvicorn', 'httpx', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [["fly"], ["up", "--port", "0"], ["backup"], ["user", "create", "ada", "--x"]])
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage:" in done.stderr


def test_an_unknown_role_is_wrong_usage(migrated: Path) -> None:
    done = run("user", "create", "ada", "--role", "king", "--data-dir", migrated)
    assert done.returncode == 2
    assert "member, manager, admin" in done.stderr


@pytest.mark.parametrize("command", [["up", "--no-browser"], ["migrate"], ["config", "show"]])
def test_a_wrong_setting_stops_a_command_with_one_line(command: list[str], tmp_path: Path) -> None:
    done = run(*command, "--data-dir", tmp_path / "data", env={"LOG_LEVL": "info"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "TASKFLOW_LOG_LEVL: no such setting. The nearest known name is TASKFLOW_LOG_LEVEL.\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["user", "create", "ada"],
        ["user", "reset-link", "ada"],
        ["demo", "wipe"],
        ["secrets", "rotate"],
        ["backup", "b"],
    ],
)
def test_a_misspelt_folder_is_named_and_does_not_become_an_instance(command: list[str], tmp_path: Path) -> None:
    done = run(*command, "--data-dir", tmp_path / "dta")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert f"no instance in {tmp_path / 'dta'}" in done.stderr
    assert "taskflow up" in done.stderr
    assert not (tmp_path / "dta").exists()


def test_a_backup_into_a_folder_that_is_not_there_names_it(migrated: Path, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "nowhere" / "b.tar.gz", "--data-dir", migrated)
    expected = f"There is no folder {tmp_path / 'nowhere'}. Create it, or name a file in another one.\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_an_empty_host_is_refused(tmp_path: Path) -> None:
    done = run("up", "--host", "", "--no-browser", "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert done.stderr == "--host is empty. Give an address of this machine, or 0.0.0.0 for every one.\n"


def test_a_failure_with_json_is_a_document_too(tmp_path: Path) -> None:
    done = run("config", "show", "--json", env={"OFFLINE": "perhaps"})
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == done.stderr.strip()


def test_settings_are_shown_with_their_source_and_without_secrets(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-very-secret-metrics-token")
    env = {
        "SECRET_KEY": "a-very-secret-signing-key-of-some-length",
        "METRICS_TOKEN_FILE": str(token),
        "EMAIL_URL": "smtp://joe:a-very-secret-password@localhost",
        "ALLOWED_HOSTS": "a.example,b.example",
    }
    done = run("config", "show", "--json", "--data-dir", tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "very-secret" not in done.stdout
    rows = {row["name"]: (row["value"], row["source"]) for row in json.loads(done.stdout)["settings"]}
    assert rows["TASKFLOW_SECRET_KEY"] == ("***", "environment")
    assert rows["TASKFLOW_METRICS_TOKEN"] == ("***", "file")
    assert rows["TASKFLOW_ALLOWED_HOSTS"] == (["a.example", "b.example"], "environment")
    assert rows["TASKFLOW_DATA_DIR"] == (str(tmp_path), "argument")
    assert rows["TASKFLOW_LOG_LEVEL"] == ("info", "default")
    plain = run("config", "show", "--data-dir", tmp_path, env=env).stdout
    assert "very-secret" not in plain
    assert len(plain.splitlines()) == len(rows)


def test_an_account_is_made_with_a_link_or_with_a_password(data_dir: Path) -> None:
    made = run(
        "user", "create", "ada", "--role", "admin", "--email", "ada@example.org", "--data-dir", data_dir, "--json"
    )
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)
    assert (report["username"], report["role"]) == ("ada", "admin")
    assert report["link"].startswith("http://localhost:8000/")

    again = run("user", "create", "Ada", "--data-dir", data_dir)
    assert again.returncode == 1
    assert len(again.stderr.splitlines()) == 1
    assert "username" in again.stderr

    password = run("user", "create", "bob", "--password-stdin", "--data-dir", data_dir, stdin="correct-horse-9\n")
    assert password.returncode == 0, password.stderr
    assert "http" not in password.stdout

    weak = run("user", "create", "cy", "--password-stdin", "--data-dir", data_dir, stdin="12345\n")
    assert weak.returncode == 1
    assert "password" in weak.stderr


def test_a_link_for_nobody_fails(migrated: Path) -> None:
    done = run("user", "reset-link", "nobody", "--data-dir", migrated)
    assert (done.returncode, done.stderr) == (1, "There is no user nobody.\n")


def test_the_demonstration_is_loaded_once_and_wiped(data_dir: Path) -> None:
    loaded = run("demo", "load", "--data-dir", data_dir, "--json")
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["tasks"] > 20
    again = run("demo", "load", "--data-dir", data_dir)
    assert again.returncode == 1
    assert "demo wipe" in again.stderr
    wiped = run("demo", "wipe", "--data-dir", data_dir, "--json")
    assert json.loads(wiped.stdout)["tasks"] == json.loads(loaded.stdout)["tasks"]
    assert "no demo" in run("demo", "wipe", "--data-dir", data_dir).stdout


def test_keys_are_rotated(data_dir: Path) -> None:
    before = (data_dir / "secret_keys").read_text().split()
    done = run("secrets", "rotate", "--data-dir", data_dir, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"new_key": True, "reencrypted": 0, "keys": 2}
    assert (data_dir / "secret_keys").read_text().split()[1:] == before


def test_plugins_are_listed_and_shown_with_what_is_wrong(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    make(installed, "mood")
    make(installed, "leaves", "import os; os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    done = run("plugins", "list", "--json", "--data-dir", migrated)
    assert done.returncode == 0, done.stderr
    # The bundled ones are installed too.
    leaves, mood = [card for card in json.loads(done.stdout)["results"] if card["slug"] in {"leaves", "mood"}]
    assert (leaves["slug"], leaves["status"]) == ("leaves", "load_error")
    assert "exit code 3" in leaves["reason"]
    assert (mood["status"], mood["kinds"], mood["publisher"]) == ("disabled", ["prioritiser"], "Ann")
    shown = run("plugins", "show", "mood", "--data-dir", migrated).stdout
    assert "level = 3  (default; integer)" in shown
    enabled = run("plugins", "enable", "mood", "--data-dir", migrated, "--json")
    assert json.loads(enabled.stdout)["status"] == "active", enabled.stderr
    set_up = run("plugins", "config", "mood", "level=7", "--data-dir", migrated)
    assert "level = 7  (stored; integer)" in set_up.stdout
    wrong = run("plugins", "config", "mood", "level=many", "--data-dir", migrated)
    assert (wrong.returncode, wrong.stderr) == (1, "level: It takes a whole number.\n")
    tried = run("plugins", "check", "mood", "--data-dir", migrated, "--json")
    assert json.loads(tried.stdout)["ok"] is True, tried.stderr
    broken = run("plugins", "enable", "leaves", "--data-dir", migrated)
    assert (broken.returncode, "exit code 3" in broken.stderr) == (1, True)
    assert run("plugins", "disable", "mood", "--data-dir", migrated).returncode == 0
    unknown = run("plugins", "show", "nothing", "--data-dir", migrated)
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (1, 1)
    assert "'nothing'" in unknown.stderr
