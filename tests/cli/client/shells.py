"""Shells of people who use the client commands: the real entry point, in a process of its own, with files of its own.

The processes are forked from the test's, which has loaded the libraries already: a start costs milliseconds.
"""

import json
import os
import pty
import select
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NoReturn

from taskflow.bootstrap.main import main
from tests.bootstrap.instances import clean_environment

PASSWORD = "correct-horse-9-battery"


def become_command(arguments: tuple[str, ...], environment: Mapping[str, str]) -> NoReturn:
    """In a fresh child, whose descriptors 0 to 2 lead where they should: run the command as its script would."""
    code: object = 70
    try:
        warnings.resetwarnings()
        os.environ.clear()
        os.environ.update(environment)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
        sys.argv = ["taskflow", *arguments]
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code if isinstance(code, int) else 1)


class Shell:
    """One user's shell: a home folder, and the instance that it talks to."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.url = url
        self.env = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache")}

    @property
    def login_file(self) -> Path:
        return self.home / "config" / "taskflow" / "client.json"

    @property
    def username(self) -> str:
        """Whom it is logged in as."""
        return str(json.loads(self.login_file.read_text())["servers"][self.url]["username"])

    def environment(self, env: Mapping[str, str] | None = None) -> dict[str, str]:
        kept = clean_environment()
        for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            kept.pop(name, None)
        return kept | self.env | dict(env or {})

    def run(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> "CompletedProcess[str]":
        """Run one command to its end, without a terminal."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            pid = os.fork()
            if pid == 0:
                for target, file in enumerate((given, out, err)):
                    os.dup2(file.fileno(), target)
                become_command(arguments, self.environment(env))
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            out.seek(0)
            err.seek(0)
            return CompletedProcess(arguments, code, out.read().decode(), err.read().decode())

    def ok(self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run one command that succeeds; what it printed."""
        finished = self.run(*arguments, stdin=stdin, env=env)
        assert finished.returncode == 0, finished.stderr + finished.stdout
        return str(finished.stdout)

    def json(self, *arguments: str, env: Mapping[str, str] | None = None) -> Any:
        """The one document of a command that succeeds."""
        return json.loads(self.ok(*arguments, "--json", env=env))

    def fail(self, *arguments: str, stdin: str = "", code: int = 1, env: Mapping[str, str] | None = None) -> str:
        """Run one command that fails; what it said on standard error, and nothing on standard output."""
        finished = self.run(*arguments, stdin=stdin, env=env)
        assert finished.returncode == code, finished.stderr + finished.stdout
        assert finished.stdout == ""
        return str(finished.stderr)

    def login(self, username: str = "ada") -> "Shell":
        self.ok("login", self.url, "--username", username, stdin=f"{PASSWORD}\n")
        return self

    def converse(self, *arguments: str, answers: list[tuple[str, str]], columns: int = 80) -> tuple[int, str]:
        """Run one command at a terminal; each answer is typed once its question has appeared. Exit code and screen."""
        pid, terminal = pty.fork()
        if pid == 0:
            become_command(arguments, self.environment({"COLUMNS": str(columns), "TERM": "xterm"}))
        screen, waiting, deadline = "", list(answers), time.monotonic() + 60
        seen = 0
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    piece = os.read(terminal, 65536)
                except OSError:
                    break
                if not piece:
                    break
                screen += piece.decode("utf-8", "replace")
            if waiting and waiting[0][0] in screen[seen:]:
                seen = len(screen)
                os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert not waiting, f"it never asked {waiting}: {screen}"
        return code, screen
