"""`taskflow web` and `taskflow worker`: several processes over one database."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.bootstrap.instances import COMMAND, clean_environment, find_free_port, run, wait_for
from tests.postgres import empty_database

PASSWORD = "correct-horse-9-battery"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an instance on each database, prepared and with one account; it asks for another one."""
    variables = {"DATA_DIR": str(tmp_path / "data"), "ADMIN_USERNAME": "root", "ADMIN_PASSWORD": PASSWORD}
    with ExitStack() as stack:
        if request.param == "postgresql":
            variables["DATABASE_URL"] = stack.enter_context(empty_database("replicas"))
        done = run("migrate", env=variables)
        assert done.returncode == 0, done.stderr
        made = run("user", "create", "ada", "--password-stdin", env=variables, stdin=PASSWORD)
        assert made.returncode == 0, made.stderr
        yield variables


@pytest.fixture
def url(env: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Two web processes and a worker beside them; all must have ended within ten seconds of SIGTERM."""
    port = find_free_port()
    commands = (["web", "--port", str(port), "--processes", "2"], ["worker"])
    with (tmp_path / "log").open("w") as log:
        running = [
            subprocess.Popen(
                [*COMMAND, *command], env=clean_environment(env), stdout=log, stderr=log, start_new_session=True
            )
            for command in commands
        ]
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 60)
        yield f"http://127.0.0.1:{port}/api/v1/"
        for process in running:
            process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        for process in running:
            process.wait(20)
        assert time.monotonic() - began < 10
        assert "Traceback" not in (tmp_path / "log").read_text()
    finally:
        for process in running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def sign_in(client: httpx.Client, username: str) -> None:
    body = {"username": username, "password": PASSWORD, "name": "test"}
    client.headers["Authorization"] = f"Bearer {client.post('auth/tokens', json=body).json()['token']}"


def test_many_requests_at_once_get_their_own_answers_and_jobs_are_done(url: str) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:
        # The administrator of the environment was made at the start.
        sign_in(client, "root")
        assert client.get("me").json()["role"] == "admin"
        sign_in(client, "ada")

        def write(number: int) -> list[object]:
            task = client.post("tasks", json={"title": f"Task {number}"}).json()
            # More often than a statement runs before it is prepared.
            return [task["title"], *(client.get(f"tasks/{task['key']}").json()["title"] for _ in range(12))]

        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(write, range(24)))
        assert found == [[f"Task {number}"] * 13 for number in range(24)]

        task = client.post("tasks", json={"title": "Suggest something"}).json()
        advice = client.post(f"tasks/{task['id']}/priority-suggestions", headers={"Prefer": "wait=25"})
        assert (advice.status_code, advice.json()["state"]) == (200, "pending")


def test_an_instance_that_is_not_prepared_is_not_served(tmp_path: Path) -> None:
    for command in ("web", "worker"):
        refused = run(command, "--data-dir", tmp_path / "nothing")
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "nothing").exists()
