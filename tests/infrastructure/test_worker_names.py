"""Who sees a worker's name can tell whether that worker is gone, where the system lets it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskflow.infrastructure.queue import names
from taskflow.infrastructure.queue.names import is_gone, name_self

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what tells processes apart is Linux's")

_SAY = "import time; from taskflow.infrastructure.queue.names import name_self; print(name_self(), flush=True); input()"


@pytest.fixture
def other() -> Iterator["subprocess.Popen[str]"]:
    """A process that prints its name and waits."""
    with subprocess.Popen([sys.executable, "-c", _SAY], stdin=-1, stdout=-1, text=True) as process:
        yield process
        process.kill()


def test_a_process_is_gone_once_it_is(other: "subprocess.Popen[str]") -> None:
    assert other.stdout is not None
    name = other.stdout.readline().strip()
    assert name.startswith(f"{socket.gethostname()[:50]}:{other.pid}.")
    assert len(name) <= 100
    assert not is_gone(name)
    other.send_signal(signal.SIGKILL)
    # Its parent has not asked for it yet: it is dead all the same.
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(name)
    other.wait()
    assert is_gone(name)


def test_a_later_process_of_the_same_number_is_another() -> None:
    name = name_self()
    assert not is_gone(name)
    process, _, place = name.rpartition("@")
    assert is_gone(f"{process}0@{place}")


@pytest.mark.parametrize("name", ["", "gone:1", "host:1.2@elsewhere", "@", "bea", "a@b:c.d@e"])
def test_of_others_nothing_is_said(name: str) -> None:
    assert not is_gone(name)


def test_where_the_system_says_nothing_nobody_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(names, "_PROC", tmp_path)
    assert name_self() == f"{socket.gethostname()[:50]}:{os.getpid()}"
    assert not is_gone(name_self())
    assert not is_gone("host:1@")
