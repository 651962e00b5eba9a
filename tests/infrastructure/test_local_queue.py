"""Wake-ups between processes of one machine."""

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from taskflow.infrastructure.queue.local import LocalQueue, WakeUps, find_socket_path


def elapsed(wake_ups: WakeUps, seconds: float) -> float:
    start = time.monotonic()
    wake_ups.wait(seconds)
    return time.monotonic() - start


def test_a_wake_up_ends_the_wait(tmp_path: Path) -> None:
    path = find_socket_path(tmp_path)
    wake_ups = WakeUps(path)
    threading.Timer(0.1, LocalQueue(path).wake, [uuid4()]).start()
    assert elapsed(wake_ups, 10) < 2
    wake_ups.close()


def test_a_wake_up_that_came_before_the_wait_is_not_lost_and_counts_once(tmp_path: Path) -> None:
    path = find_socket_path(tmp_path)
    wake_ups = WakeUps(path)
    for _ in range(3):
        LocalQueue(path).wake(uuid4())
    assert elapsed(wake_ups, 10) < 2
    assert elapsed(wake_ups, 0.2) >= 0.19
    wake_ups.close()


def test_waking_nobody_neither_raises_nor_blocks(tmp_path: Path) -> None:
    LocalQueue(find_socket_path(tmp_path)).wake(uuid4())
    path = find_socket_path(tmp_path)
    wake_ups = WakeUps(path)
    start = time.monotonic()
    for _ in range(5000):
        LocalQueue(path).wake(uuid4())
    assert time.monotonic() - start < 5
    wake_ups.close()


def test_a_new_worker_takes_the_place_of_one_that_was_killed(tmp_path: Path) -> None:
    path = find_socket_path(tmp_path)
    killed = WakeUps(path)
    new = WakeUps(path)
    LocalQueue(path).wake(uuid4())
    assert elapsed(new, 10) < 2
    new.close()
    assert not path.exists()
    killed.close()


def test_a_poke_from_another_thread_ends_the_wait(tmp_path: Path) -> None:
    wake_ups = WakeUps(find_socket_path(tmp_path))
    threading.Timer(0.1, wake_ups.poke).start()
    assert elapsed(wake_ups, 10) < 2
    wake_ups.close()


def test_only_the_owner_may_wake_the_worker(tmp_path: Path) -> None:
    path = find_socket_path(tmp_path)
    wake_ups = WakeUps(path)
    assert path.stat().st_mode & 0o077 == 0
    wake_ups.close()


def test_a_data_folder_with_a_long_path_has_a_socket_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    # As short as a user's own temporary folder: pytest's is long itself.
    short = tempfile.mkdtemp(prefix="q")
    request.addfinalizer(lambda: shutil.rmtree(short))
    monkeypatch.setattr("tempfile.tempdir", short)
    folder = tmp_path / ("long" * 30)
    path = find_socket_path(folder)
    assert len(os.fsencode(path)) <= 100
    assert path == find_socket_path(folder)
    assert path != find_socket_path(tmp_path / ("other" * 30))
    wake_ups = WakeUps(path)
    assert path.parent.stat().st_mode & 0o077 == 0
    LocalQueue(path).wake(uuid4())
    assert elapsed(wake_ups, 10) < 2
    wake_ups.close()


def test_a_shared_folder_that_others_may_write_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = find_socket_path(tmp_path / ("long" * 30))
    path.parent.mkdir()
    path.parent.chmod(0o777)
    with pytest.raises(PermissionError, match="can be written by others"):
        WakeUps(path)
