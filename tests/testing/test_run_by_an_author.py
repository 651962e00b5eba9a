"""An author's folder, and pytest as an author runs it: a process that knows nothing of this project's own settings."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin_host.distributions import make
from tests.testing.samples import PRIORITISER, PROVIDER

TESTS = """
import httpx
from taskflow.testing.contracts import LLMProviderContract, PrioritiserContract
from taskflow.testing.servers import FakeOpenAI

pytest_plugins = ["taskflow.testing.plugin"]


class TestProvider(LLMProviderContract):
    module = "taskflow_mine"

    def make_config(self, server: FakeOpenAI) -> dict[str, object]:
        return {"base_url": server.url, "api_key": self.secret, "timeout_s": self.timeout}


class TestPrioritiser(PrioritiserContract):
    module = "taskflow_other"


def test_of_its_own(fake_openai):
    assert httpx.get(fake_openai.url + "/models").status_code == 200
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_contract.py").write_text(TESTS)
    # No other plugin of pytest either.
    path = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))}
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_good_plugins_pass(tmp_path: Path) -> None:
    make(tmp_path, "mine", PROVIDER.format(slug="mine"))
    make(tmp_path, "other", PRIORITISER.format(slug="other"))
    result = run(tmp_path, "-k", "good or healthy or come_back or installed or of_its_own")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "failed" not in result.stdout
    assert " passed" in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("retry_after=float(after)", "retry_after=None", "Retry-After was 7 s; retry_after is None"),
        ('.replace(self._config.api_key.get_secret_value(), "***")', "", "contains a secret"),
        ("raise AuthError(", "raise RuntimeError(", "RuntimeError"),
    ],
)
def test_a_broken_plugin_fails_with_the_reason(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in PROVIDER
    make(tmp_path, "mine", PROVIDER.replace(old, new).format(slug="mine"))
    result = run(tmp_path, "-k", "TestProvider and (come_back or 401)")
    assert result.returncode == 1, result.stdout + result.stderr
    assert says in result.stdout


def test_a_plugin_that_connects_must_be_tried_against_a_server(tmp_path: Path) -> None:
    code = PRIORITISER.replace("Network.NONE", "Network.CONFIGURED")
    make(tmp_path, "other", code.format(slug="other"))
    result = run(tmp_path, "-k", "TestPrioritiser and 401")
    assert "Name a server_type, or say why not in without_server." in result.stdout
