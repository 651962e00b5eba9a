"""One server a data folder, and one a port."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from taskflow.bootstrap.listener import CannotListen, open_listener
from taskflow.bootstrap.lock import AlreadyRunning, InstanceLock, is_running, read_note

HOLD = """
import sys, time
from pathlib import Path
from taskflow.bootstrap.lock import InstanceLock
InstanceLock(Path(sys.argv[1])).acquire("127.0.0.1 8123")
print("held", flush=True)
time.sleep(60)
"""


def test_a_lock_is_refused_while_another_process_holds_it_and_free_when_that_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert is_running(tmp_path)
        note = read_note(tmp_path)
        assert note is not None
        assert (note.pid, note.address) == (process.pid, "127.0.0.1 8123")
        with pytest.raises(AlreadyRunning, match=rf"process {process.pid}.*--data-dir"):
            InstanceLock(tmp_path).acquire(patience=0.1)
    finally:
        process.kill()
        process.communicate()
    assert not is_running(tmp_path)
    lock = InstanceLock(tmp_path)
    lock.acquire()
    lock.release()
    assert not is_running(tmp_path)


def test_a_folder_without_a_lock_file_is_not_running(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    assert read_note(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"Port {port} is in use.*--port"):
            open_listener("127.0.0.1", port)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1 port 8123.*--host"):
        open_listener("192.0.2.1", 8123)


def test_two_servers_cannot_both_get_a_port() -> None:
    with open_listener("127.0.0.1", 0) as first, pytest.raises(CannotListen):
        open_listener("127.0.0.1", first.getsockname()[1])
