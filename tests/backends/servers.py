"""Starts the servers that `.ci/install-backends` installs, each a process of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.bootstrap.instances import find_free_port, wait_for

INSTALL = ".ci/install-backends"
#: Seconds that a server may take to start, on a machine that does other things too.
START = 60.0
_PROGRAM = Path(__file__).with_name("llama_server.py")


@dataclass(frozen=True)
class Server:
    """A server that listens."""

    #: Where, without a path.
    url: str
    #: What it calls its model.
    model: str
    process: "subprocess.Popen[str]"


def find_python() -> str:
    """The interpreter of the servers' environment; skips the test where there is none, and fails it in CI."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "taskflow" / "backends-venv"
    if not (folder / "installed").exists():
        absent = f"no real model servers are installed: run {INSTALL}"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)
    return str(folder / "bin" / "python")


@contextmanager
def llama_server(folder: Path) -> Iterator[Server]:
    """llama.cpp's server with SmolLM2-135M-Instruct; `folder` gets its log."""
    python = find_python()
    with (folder / "llama-server.log").open("w") as log:
        process = subprocess.Popen(
            [python, str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, (folder / "llama-server.log").read_text()[-2_000:]
            yield Server(url, "smollm2", process)
        finally:
            _end(process)


@contextmanager
def ollama_server(folder: Path, behind: Server) -> Iterator[Server]:
    """A proxy that speaks Ollama's protocol (it is not Ollama) before a llama.cpp server; `folder` gets its log."""
    python, port = find_python(), find_free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PROVIDERS_LOCAL_API_KEY": "none",
        "PROVIDERS_LOCAL_BASE_URL": f"{behind.url}/v1",
        "EXTRA_MODELS": f"local/{behind.model}",
    }
    command = [python, "-m", "ollama_proxy", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "ollama-proxy.log").open("w") as log:
        # In a folder of its own: it reads settings from files where it is started.
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
        )
        try:
            server = Server(f"http://127.0.0.1:{port}", f"local/{behind.model}", process)
            wait_for(lambda: _answers(server), START)
            yield server
        finally:
            _end(process)


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, "it ended"
    try:
        return httpx.get(f"{server.url}/api/version", timeout=5).is_success
    except httpx.TransportError:
        return False


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()
