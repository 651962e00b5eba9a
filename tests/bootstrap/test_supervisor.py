"""The supervisor, run for real in a process of its own with small programs."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bootstrap.instances import is_alive, wait_for

#: Each program notes its process id in a file at every start, says that it is ready, and does as it is told.
SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from taskflow.bootstrap import supervisor
from taskflow.bootstrap.children import Program

folder = Path(sys.argv[1])
supervisor.DRAIN = float(sys.argv[2])
sys.platform = sys.argv.pop(3)

def note(name):
    with open(folder / name, "a") as file:
        file.write(f"{os.getpid()}\\n")

def patient(ready):
    note("patient")
    ready()
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    while not stopped:
        time.sleep(0.02)
    (folder / "drained").touch()
    return 0

def stubborn(ready):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("stubborn")
    ready()
    time.sleep(600)
    return 0

def failing(ready):
    note("failing")
    return 3

programs = [Program(name, globals()[name]) for name in sys.argv[3:]]
code = supervisor.Supervisor(programs, lambda: (folder / "ready").touch()).run()
sys.exit(code)
"""


class Running:
    def __init__(self, folder: Path, process: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self.process = process

    def pids(self, name: str) -> list[int]:
        file = self.folder / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []


@contextmanager
def supervise(folder: Path, *programs: str, drain: float = 5, platform: str = sys.platform) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(drain), platform, *programs],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    running = Running(folder, process)
    try:
        wait_for(lambda: all(running.pids(name) for name in programs))
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_child_and_ends(tmp_path: Path, number: signal.Signals) -> None:
    with supervise(tmp_path, "patient") as running:
        wait_for((tmp_path / "ready").exists)
        running.process.send_signal(number)
        assert running.process.wait(timeout=5) == 0
        assert (tmp_path / "drained").exists()
        assert not is_alive(running.pids("patient")[0])


def test_ctrl_c_on_the_whole_group_still_drains(tmp_path: Path) -> None:
    with supervise(tmp_path, "patient") as running:
        wait_for((tmp_path / "ready").exists)
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(timeout=5) == 0
        assert (tmp_path / "drained").exists()


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    with supervise(tmp_path, "patient") as running:
        os.kill(running.pids("patient")[0], signal.SIGKILL)
        wait_for(lambda: len(running.pids("patient")) == 2)
        running.process.terminate()
        assert running.process.wait(timeout=5) == 0


def test_a_child_that_keeps_failing_is_started_ever_more_rarely(tmp_path: Path) -> None:
    with supervise(tmp_path, "failing") as running:
        wait_for(lambda: len(running.pids("failing")) == 4)
        time.sleep(1.0)
        # The pauses are 0.2, 0.4, 0.8, 1.6 s: a fixed pause of 0.2 s would have made five more starts.
        assert len(running.pids("failing")) <= 5
        assert not (tmp_path / "ready").exists()


@pytest.mark.parametrize("platform", [sys.platform, "any other, without a signal at the parent's death"])
def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path, platform: str) -> None:
    with supervise(tmp_path, "patient", "stubborn", platform=platform) as running:
        children = running.pids("patient") + running.pids("stubborn")
        running.process.kill()
        wait_for(lambda: not any(is_alive(pid) for pid in children), seconds=3)


def test_a_child_that_does_not_end_is_killed_when_patience_ends(tmp_path: Path) -> None:
    with supervise(tmp_path, "patient", "stubborn", drain=0.5) as running:
        running.process.terminate()
        assert running.process.wait(timeout=5) == 1
        assert (tmp_path / "drained").exists()
        assert not is_alive(running.pids("stubborn")[0])


def test_a_second_signal_ends_everything_at_once(tmp_path: Path) -> None:
    with supervise(tmp_path, "stubborn", drain=60) as running:
        running.process.terminate()
        time.sleep(0.2)
        running.process.terminate()
        assert running.process.wait(timeout=5) == 1
        assert not is_alive(running.pids("stubborn")[0])


def test_forked_children_never_make_the_same_identifier(tmp_path: Path) -> None:
    """Both start from the same generator state, so this must not be copied."""
    code = textwrap.dedent(
        """
        import os, sys, time
        from taskflow.store.identifiers import new_id
        new_id()
        at = time.time() + 0.1
        for name in "ab":
            if os.fork() == 0:
                while time.time() < at:
                    pass
                ids = [str(new_id()) for _ in range(2000)]
                open(os.path.join(sys.argv[1], name), "w").write("\\n".join(ids))
                os._exit(0)
        os.wait(), os.wait()
        """
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=30)
    first, second = ({line[9:] for line in (tmp_path / name).read_text().split()} for name in "ab")
    assert len(first) == len(second) == 2000
    assert not first & second
