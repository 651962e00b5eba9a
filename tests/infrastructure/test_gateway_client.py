"""The core's way to a gateway: its own one, started at need and after a death, or one that somebody else runs."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from taskflow.domain.facts import TaskFacts
from taskflow.domain.prompts import Asked
from taskflow.infrastructure import gateway_client
from taskflow.infrastructure.gateway_client import GatewayClient, Place
from taskflow.infrastructure.gateway_process import GatewayProcess, RemoteGateway
from taskflow.plugin_host.breaker import THRESHOLD
from taskflow.plugin_host.state import CallFailed
from tests.bootstrap.instances import is_alive, wait_for
from tests.gateway.gateways import TOKEN, Gateway, describe
from tests.plugin_host.hosting import Remembered

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Source:
    """A configuration that a test changes."""

    def __init__(self, *plugins: dict[str, Any]) -> None:
        self.number, self.plugins = 1, plugins
        self.pushed = 0

    def generation(self) -> int:
        return self.number

    def config(self) -> dict[str, Any]:
        self.pushed += 1
        active = self.plugins[0]["slug"] if self.plugins else None
        return {"generation": self.number, "plugins": list(self.plugins), "active": active}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def source(folder: Path) -> Source:
    return Source(describe(folder, trusted=True))


@pytest.fixture
def own() -> Iterator[GatewayProcess]:
    made = GatewayProcess()
    yield made
    made.stop()


@pytest.fixture
def sink() -> Remembered:
    return Remembered()


def connect(place: Place, source: Source, sink: Remembered) -> GatewayClient:
    return GatewayClient(place, source, sink)


def about(title: str) -> Asked:
    return Asked(facts=TaskFacts(title=title, created_at=NOW), now=NOW)


def test_one_of_its_own_starts_at_the_first_question_and_follows_the_configuration(
    own: GatewayProcess, source: Source, sink: Remembered, folder: Path
) -> None:
    client = connect(own, source, sink)
    assert own.pid is None
    assert client.suggest(about("Pay"), deadline=30).method == "scores"
    first = own.pid
    assert client.suggest(about("Call"), deadline=30).model == "tiny"
    assert (own.pid, source.pushed) == (first, 1)
    source.number, source.plugins = 2, (describe(folder, version="2", trusted=True, scores=False),)
    assert client.suggest(about("Pay"), deadline=30).method == "json"
    assert (own.pid, source.pushed) == (first, 2)
    client.close()


def test_one_that_was_killed_is_started_anew_and_told_again(
    own: GatewayProcess, source: Source, sink: Remembered
) -> None:
    client = connect(own, source, sink)
    client.suggest(about("Pay"), deadline=30)
    pid = own.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: own.pid is None, 5)
    # It died young, so that the next start waits a little, and the question with it.
    assert client.suggest(about("Call"), deadline=30).model == "tiny"
    assert own.pid not in (None, pid)
    client.close()


def test_one_that_is_silent_five_times_is_not_waited_for_any_more_and_started_anew(
    own: GatewayProcess, source: Source, sink: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_client, "_LATE", 0.1)
    client = connect(own, source, sink)
    client.suggest(about("Pay"), deadline=30)
    pid = own.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    for number in range(THRESHOLD):
        with pytest.raises(CallFailed, match="did not answer in time"):
            client.suggest(about(f"Call {number}"), deadline=0.2)
    began = time.monotonic()
    for number in range(100):
        with pytest.raises(CallFailed, match="is not asked for another"):
            client.suggest(about(f"Write {number}"), deadline=8)
    assert time.monotonic() - began < 1
    assert not is_alive(pid)
    client.close()
    # Whoever asks later, or from another process, finds one that answers.
    later = connect(own, source, sink)
    assert later.suggest(about("Pay"), deadline=30).model == "tiny"
    later.close()


@pytest.mark.thorough
def test_one_that_dies_in_the_middle_of_a_question_is_started_anew_and_asked_again(
    own: GatewayProcess, source: Source, sink: Remembered
) -> None:
    client = connect(own, source, sink)
    client.suggest(about("Pay"), deadline=30)
    for number in range(3):
        pid, title = own.pid, f"sleep 0.6 {number}"
        assert pid is not None
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        began = time.monotonic()
        with contextlib.suppress(CallFailed):
            # The second and third may come too soon after a death to be started at once.
            assert client.suggest(about(title), deadline=15).model == "tiny"
        assert time.monotonic() - began < 10
        wait_for(lambda: answers(client), 20)
    client.close()


def answers(client: GatewayClient) -> bool:
    try:
        return client.suggest(about("Call"), deadline=10).model == "tiny"
    except CallFailed:
        return False


def test_a_provider_that_crashes_takes_its_own_process_alone(
    own: GatewayProcess, source: Source, sink: Remembered
) -> None:
    client = connect(own, source, sink)
    client.suggest(about("Pay"), deadline=30)
    pid = own.pid
    with pytest.raises(CallFailed) as failed:
        client.suggest(about("die"), deadline=30)
    assert failed.value.kind == "crash"
    assert failed.value.sent["bytes"] > 100
    assert [(failure.slug, failure.kind) for failure in sink.failures] == [("model", "crash")]
    assert client.suggest(about("Call"), deadline=30).model == "tiny"
    assert own.pid == pid
    client.close()


def test_vectors_models_and_pulls_come_over_it(own: GatewayProcess, source: Source, sink: Remembered) -> None:
    client = connect(own, source, sink)
    client.configure(deadline=30)
    found = client.embed("model", ("a", "abc"), deadline=30)
    assert found is not None
    assert found.vectors == ((1.0, 1.0), (3.0, 1.0))
    assert [model.name for model in client.models("model", deadline=30)] == ["tiny"]
    assert client.pull("model", "new", deadline=30).state == "running"
    with pytest.raises(CallFailed):
        client.embed("nothing", ("a",), deadline=30)
    client.close()


def test_it_has_nothing_of_the_instance_in_its_environment_and_ends_with_its_parent(folder: Path) -> None:
    code = (
        "import os, sys\n"
        "from taskflow.infrastructure.gateway_process import GatewayProcess\n"
        "own = GatewayProcess()\n"
        "own.find(deadline=30)\n"
        "print(own.pid, flush=True)\n"
        "sys.stdin.readline()\n"
        "os._exit(1)\n"
    )
    environment = {**os.environ, "TASKFLOW_SECRET_KEY": "planted-secret-7", "PGPASSWORD": "planted-secret-8"}
    command = [sys.executable, "-c", code]
    parent = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    seen = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"planted" not in seen
    assert b"TASKFLOW_" not in seen
    parent.communicate("end\n", timeout=20)
    wait_for(lambda: not is_alive(pid), 10)


def test_a_provider_that_came_to_leave_after_the_question_was_decided_on_is_not_told(
    own: GatewayProcess, source: Source, sink: Remembered, folder: Path
) -> None:
    client = connect(own, source, sink)
    client.suggest(about("Pay"), deadline=30)
    source.number, source.plugins = 2, (describe(folder, version="2", trusted=False),)
    for ask in (lambda: client.suggest(about("tell"), deadline=30), lambda: client.embed("model", ("a",), deadline=30)):
        with pytest.raises(CallFailed) as failed:
            ask()
        assert failed.value.kind == "not_allowed"
    # It had no call before this one.
    assert client.suggest(about("tell"), deadline=30, may_leave=True).model == "1 calls, 0 ended"
    client.close()


def test_somebody_elses_gateway_is_asked_with_the_token(folder: Path, source: Source, sink: Remembered) -> None:
    remote = Gateway(folder)
    try:
        address = f"http://127.0.0.1:{remote.port}"
        client = connect(RemoteGateway(address, TOKEN), source, sink)
        assert client.suggest(about("Pay"), deadline=30).model == "tiny"
        client.close()
        stranger = connect(RemoteGateway(address, "another-token-of-16"), source, sink)
        with pytest.raises(CallFailed, match="TASKFLOW_GATEWAY_TOKEN"):
            stranger.suggest(about("Pay"), deadline=30)
        stranger.close()
    finally:
        remote.close()


def test_one_that_is_not_there_is_a_failure_in_time(source: Source, sink: Remembered) -> None:
    client = connect(RemoteGateway("http://127.0.0.1:9", TOKEN), source, sink)
    began = time.monotonic()
    with pytest.raises(CallFailed, match="cannot be reached"):
        client.suggest(about("Pay"), deadline=5)
    assert time.monotonic() - began < 5
    client.close()
