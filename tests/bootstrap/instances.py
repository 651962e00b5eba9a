"""Real instances in processes of their own, on free ports and in folders that are thrown away."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

COMMAND = [sys.executable, "-m", "taskflow.bootstrap.main"]


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The shell's environment without TaskFlow's variables, and with those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    return kept | {f"TASKFLOW_{name}": value for name, value in (env or {}).items()}


def run(
    *arguments: str | Path, env: Mapping[str, str] | None = None, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=clean_environment(env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """The condition's first true value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Instance:
    """`taskflow up` on one data folder."""

    def __init__(self, data_dir: Path, env: Mapping[str, str] | None = None, *, python: str = sys.executable) -> None:
        self.data_dir = data_dir
        self.command = [python, *COMMAND[1:]]
        self.env = dict(env or {})
        self.port = find_free_port()
        self.announced: dict[str, Any] = {}
        self._log = data_dir.with_name(data_dir.name + ".log")
        self._process: subprocess.Popen[str] | None = None

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process is not None, "not started"
        return self._process

    @property
    def _address(self) -> list[str]:
        return ["--port", str(self.port), "--data-dir", str(self.data_dir)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self, *arguments: str) -> "Instance":
        """Start, and wait until the address is announced."""
        self._close_output()
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [*self.command, "up", "--json", "--no-browser", *self._address, *arguments],
                env=clean_environment(self.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"it ended with {self._process.wait(10)}: {self.log[-2000:]}"
        self.announced = json.loads(line)
        return self

    def children(self) -> list[int]:
        """Process ids of web and worker."""
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in tasks.read_text().split()]

    def child(self, name: str) -> int:
        """The process id of `web` or `worker`, as soon as there is one."""

        def find() -> int | None:
            for pid in self.children():
                with contextlib.suppress(OSError):
                    if Path(f"/proc/{pid}/comm").read_text().strip() == f"taskflow-{name}":
                        return pid
            return None

        return int(wait_for(find))

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, **options)

    def stop(self) -> float:
        """SIGTERM; seconds until everything had ended."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - start

    def _close_output(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def kill_everything(self) -> None:
        """kill -9 of the whole process group, whatever state it is in."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=20)
        self._close_output()
