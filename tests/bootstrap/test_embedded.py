"""`taskflow up`, from outside: what it prints and serves, and how it ends and comes back."""

import os
import re
import signal
import stat
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.bootstrap.instances import Instance, find_free_port, is_alive, run, wait_for

Make = Callable[..., Instance]

ADMIN = {"ADMIN_USERNAME": "ada", "ADMIN_EMAIL": "ada@example.org", "ADMIN_PASSWORD": "correct-horse-9-battery"}


def create_token(instance: Instance) -> httpx.Response:
    body = {"username": "ada", "password": ADMIN["ADMIN_PASSWORD"], "name": "test"}
    return httpx.post(f"{instance.url}/api/v1/auth/tokens", json=body, timeout=30)


def sign_in(instance: Instance) -> httpx.Client:
    """A client with a token of the administrator from the environment."""
    answer = create_token(instance)
    assert answer.status_code == 201, answer.text
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    return httpx.Client(base_url=f"{instance.url}/api/v1/", headers=bearer, timeout=30)


def test_the_first_start_makes_keys_and_prints_a_link_that_signs_in(make_instance: Make, tmp_path: Path) -> None:
    instance = make_instance(tmp_path / "data").start()
    url = instance.announced["url"]
    assert instance.announced["signs_in"] is True
    assert re.fullmatch(rf"http://localhost:{instance.port}/\S{{20,}}", url)
    assert httpx.get(url, timeout=30).status_code == 200
    assert instance.get("/accounts/login/").status_code == 200
    for name in ("secret_key", "secret_keys", "taskflow.sqlite3"):
        assert stat.S_IMODE((instance.data_dir / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(instance.data_dir.stat().st_mode) == 0o700
    assert url.rsplit("/", 2)[-2] not in instance.log
    wait_for(lambda: instance.get("/readyz").status_code == 200)
    assert instance.get("/static/unfold/css/styles.css").status_code == 200


def test_sigterm_ends_everything_within_ten_seconds(make_instance: Make, data_dir: Path) -> None:
    instance = make_instance(data_dir).start()
    children = instance.children()
    assert len(children) == 2
    assert instance.stop() < 10
    assert instance.process.returncode == 0
    assert not any(is_alive(pid) for pid in children)
    instance.start().stop()


def test_requests_in_progress_are_answered_before_the_end(make_instance: Make, data_dir: Path) -> None:
    """Each request takes the third of a second that checking a password costs."""
    instance = make_instance(data_dir, ADMIN).start()
    answers: list[int] = []

    def ask() -> None:
        answers.append(create_token(instance).status_code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: read_connections(instance.port) >= 4)
    time.sleep(0.1)
    instance.stop()
    for thread in threads:
        thread.join(30)
    assert answers == [201] * 4


def test_an_administrator_from_the_environment_signs_in_and_no_link_is_printed(
    make_instance: Make, data_dir: Path
) -> None:
    instance = make_instance(data_dir, ADMIN).start()
    assert instance.announced == {"url": f"http://localhost:{instance.port}/", "signs_in": False}
    with sign_in(instance) as client:
        assert client.get("me").json()["role"] == "admin"
    instance.stop()
    # The second start finds the administrator.
    assert instance.start().announced["signs_in"] is False


def test_a_killed_child_comes_back_and_nothing_is_lost(make_instance: Make, data_dir: Path) -> None:
    instance = make_instance(data_dir, ADMIN).start()
    with sign_in(instance) as client, Writer(client) as written:
        for name in ("web", "worker"):
            pid = instance.child(name)
            os.kill(pid, signal.SIGKILL)
            wait_for(partial(came_back, instance, pid))
        wait_for(lambda: instance.get("/readyz").status_code == 200)
        written.stop()
        task = client.post("tasks", json={"title": "After the worker was killed"}).json()
        answer = client.post(f"tasks/{task['id']}/priority-suggestions", headers={"Prefer": "wait=20"})
        assert (answer.status_code, answer.json()["state"]) == (200, "pending")
        assert written.lost(client) == []
    assert "was ended by SIGKILL" in instance.log


def test_after_everything_was_killed_a_start_finds_all_that_was_acknowledged(
    make_instance: Make, data_dir: Path
) -> None:
    instance = make_instance(data_dir, ADMIN).start()
    with sign_in(instance) as client, Writer(client) as written:
        wait_for(lambda: len(written.titles) > 20)
        os.killpg(instance.process.pid, signal.SIGKILL)
        instance.process.wait(10)
        written.stop()
        instance.start()
        assert len(written.titles) > 20
        assert written.lost(client) == []
        assert client.post("tasks", json={"title": "And it takes new ones"}).status_code == 201


def test_children_follow_a_killed_supervisor_and_the_next_start_succeeds_at_once(
    make_instance: Make, data_dir: Path
) -> None:
    instance = make_instance(data_dir).start()
    children = instance.children()
    os.kill(instance.process.pid, signal.SIGKILL)
    instance.process.wait(10)
    instance.start()
    assert not any(is_alive(pid) for pid in children)
    assert instance.get("/healthz").status_code == 200


def test_beside_a_running_instance(make_instance: Make, data_dir: Path, tmp_path: Path) -> None:
    """Commands work beside it, a second server is refused, and all processes together stay small."""
    instance = make_instance(data_dir, ADMIN).start()
    wait_for(lambda: instance.get("/readyz").status_code == 200)

    second = run("up", "--no-browser", "--port", str(find_free_port()), "--data-dir", data_dir)
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1
    assert f"already running on {data_dir} (process {instance.process.pid})" in second.stderr

    elsewhere = run("up", "--no-browser", "--port", str(instance.port), "--data-dir", tmp_path / "other")
    assert elsewhere.returncode == 1
    assert len(elsewhere.stderr.splitlines()) == 1
    assert f"Port {instance.port} is in use" in elsewhere.stderr
    assert "--port" in elsewhere.stderr

    link = run("user", "reset-link", "ada", "--data-dir", data_dir).stdout.strip()
    assert link.startswith(f"http://localhost:{instance.port}/")
    assert httpx.get(link, timeout=30).status_code == 200

    refused = run("restore", tmp_path / "any.tar.gz", "--force", "--data-dir", data_dir)
    assert (refused.returncode, "already running" in refused.stderr) == (1, True)

    healthy = run("doctor", "--data-dir", data_dir)
    assert healthy.returncode == 0, healthy.stdout
    assert f"process {instance.process.pid} answers" in healthy.stdout
    assert "job loop: alive" in healthy.stdout

    pss = sum(read_pss(pid) for pid in [instance.process.pid, *instance.children()])
    assert pss < 250_000, f"{pss} kB"


def test_a_slow_client_does_not_keep_others_waiting(make_instance: Make, data_dir: Path) -> None:
    instance = make_instance(data_dir).start()
    stop = threading.Event()

    def drip() -> Any:
        yield b"{"
        stop.wait(30)
        yield b"}"

    slow = [
        threading.Thread(
            target=lambda: httpx.post(f"{instance.url}/api/v1/auth/tokens", content=drip(), timeout=60), daemon=True
        )
        for _ in range(20)
    ]
    for thread in slow:
        thread.start()
    time.sleep(0.5)
    start = time.monotonic()
    assert instance.get("/healthz").status_code == 200
    assert time.monotonic() - start < 5
    stop.set()
    for thread in slow:
        thread.join(30)


def read_connections(port: int) -> int:
    """Established connections to a port of this machine whose server side has read everything."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" and row[4].endswith("00000000") for row in rows)


def came_back(instance: Instance, killed: int) -> bool:
    return len(instance.children()) == 2 and killed not in instance.children()


def read_pss(pid: int) -> int:
    """Proportional set size of a process in kB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0])


class Writer:
    """Adds tasks without pause and remembers which the server acknowledged."""

    def __init__(self, client: httpx.Client) -> None:
        self.titles: list[str] = []
        self._client = client
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            title = f"Task {number}"
            try:
                if self._client.post("tasks", json={"title": title}).status_code == 201:
                    self.titles.append(title)
            except httpx.HTTPError:
                time.sleep(0.05)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def lost(self, client: httpx.Client) -> list[str]:
        """Acknowledged tasks that the server does not have."""
        found: set[str] = set()
        cursor: str | None = ""
        while cursor is not None:
            page = client.get("tasks", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
            found |= {task["title"] for task in page["results"]}
            cursor = page["next_cursor"]
        return [title for title in self.titles if title not in found]
