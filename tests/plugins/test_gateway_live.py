"""A real instance and its gateway: whatever is killed, a suggestion is answered in time, and the model comes back."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bootstrap.instances import is_alive, wait_for
from tests.plugin_host.distributions import make
from tests.plugins.live import PROMISE, Live
from tests.plugins.models import PROVIDER

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("gateway"), PLUGINS="model")
    make(made.site, "model", PROVIDER.replace("SLUG", "model"))
    made.start()
    made.enable("model", scores=True)
    yield made
    made.end()


def find_gateway(live: Live) -> int | None:
    """The process id of the worker's gateway."""
    worker = live.instance.child("worker")
    for child in Path(f"/proc/{worker}/task").glob("*/children"):
        for pid in child.read_text().split():
            if b"taskflow.gateway.serve" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    return None


def model_of(suggestion: dict[str, Any]) -> dict[str, Any]:
    return next(signal for signal in suggestion["signals"] if signal["source"] == "model")


def test_it_starts_when_a_model_is_enabled_and_has_nothing_of_the_core(live: Live) -> None:
    wait_for(lambda: find_gateway(live), 30)
    found, took = live.suggest("Pay the rent")
    assert took < PROMISE
    assert (model_of(found)["error"], found["source"]) == (None, "blend")
    pid = find_gateway(live)
    seen = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"TASKFLOW_" not in seen
    assert (live.data_dir / "secret_key").name.encode() not in seen


def test_one_that_is_killed_costs_nobody_an_answer(live: Live) -> None:
    pid = wait_for(lambda: find_gateway(live), 30)
    os.kill(pid, signal.SIGKILL)
    found, took = live.suggest("Call the bank")
    assert took < PROMISE
    assert found["state"] == "pending"

    def is_back() -> bool:
        return model_of(live.suggest("Call the bank again")[0])["error"] is None

    wait_for(is_back, 60)
    assert find_gateway(live) not in (None, pid)


def test_a_worker_that_is_killed_leaves_none_behind(live: Live) -> None:
    pid = wait_for(lambda: find_gateway(live), 30)
    os.kill(live.instance.child("worker"), signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), 10)
    found, _ = live.suggest("Buy bread", patience=60)
    assert found["state"] == "pending"
