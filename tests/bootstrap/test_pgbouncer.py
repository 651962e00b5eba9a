"""A running instance behind a real PgBouncer in transaction mode, where each transaction may meet another server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bootstrap.instances import Instance, find_free_port, run, wait_for
from tests.postgres import ADDRESS, empty_database, open_server

pytestmark = pytest.mark.postgres

#: Servers behind it: fewer than the instance has threads.
SERVERS = 2
ADMIN = {"ADMIN_USERNAME": "ada", "ADMIN_EMAIL": "ada@example.org", "ADMIN_PASSWORD": "correct-horse-9-battery"}


@pytest.fixture
def database() -> Iterator[str]:
    """The name of an empty database."""
    with empty_database("bouncer") as address:
        yield urlsplit(address).path[1:]


@pytest.fixture
def bouncer(database: str, tmp_path: Path) -> Iterator[str]:
    """The address of that database through PgBouncer; skips the test where there is none, and fails it in CI, where
    `.ci/run` installs it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        absent = "pgbouncer is not installed (Debian: apt-get install pgbouncer)"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)
    server = urlsplit(ADDRESS)
    port = find_free_port()
    login = f"user={server.username}" + (f" password={server.password}" if server.password else "")
    file = tmp_path / "pgbouncer.ini"
    file.write_text(
        f"[databases]\n* = host={server.hostname} port={server.port or 5432} {login}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {SERVERS}\n"
    )
    # It refuses to be root.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with (tmp_path / "pgbouncer.log").open("w") as log:
        process = subprocess.Popen([program, *user, str(file)], stdout=log, stderr=log)
    try:
        wait_for(lambda: answers(port), 20)
        yield f"postgres://{server.username}@127.0.0.1:{port}/{database}?pgbouncer=true"
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_everything_works_with_fewer_servers_than_threads(
    bouncer: str, database: str, make_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    instance = make_instance(tmp_path / "data", {**ADMIN, "DATABASE_URL": bouncer}).start()
    body = {"username": "ada", "password": ADMIN["ADMIN_PASSWORD"], "name": "test"}
    with httpx.Client(base_url=f"{instance.url}/api/v1/", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {client.post('auth/tokens', json=body).json()['token']}"

        def write(number: int) -> list[int]:
            task = client.post("tasks", json={"title": f"Task {number}"})
            path = f"tasks/{task.json()['id']}"
            return [
                task.status_code,
                # More often than a statement runs before it would be prepared.
                *(client.get(path).status_code for _ in range(7)),
                client.patch(path, json={"priority": "high"}).status_code,
                client.get("tasks", params={"q": f"task {number}"}).status_code,
            ]

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(write, range(16)))
        assert answers == [[201, *[200] * 9]] * 16
        task = client.post("tasks", json={"title": "Suggest something"}).json()
        advice = client.post(f"tasks/{task['id']}/priority-suggestions", headers={"Prefer": "wait=25"})
        assert (advice.status_code, advice.json()["state"]) == (200, "pending")

    with open_server() as server:
        count = server.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [database]).fetchone()
        assert count is not None
        assert 1 <= count[0] <= SERVERS
    assert run("doctor", "--data-dir", tmp_path / "data", env={"DATABASE_URL": bouncer}).returncode == 0

    refused = run("backup", tmp_path / "b.tar.gz", "--data-dir", tmp_path / "data", env={"DATABASE_URL": bouncer})
    assert refused.returncode == 1
    assert "PgBouncer" in refused.stderr
    assert "TASKFLOW_DATABASE_URL" in refused.stderr
