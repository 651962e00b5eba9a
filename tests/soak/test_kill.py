"""kill -9 at random moments of the running program, under load: nothing that was acknowledged is lost, nothing is done
by halves, and all work is done in the end.

`make soak`; `SOAK_KILLS` (50) and `SOAK_SEED` (random, printed) repeat a run.
"""

import contextlib
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.bootstrap.instances import Instance, wait_for
from tests.postgres import empty_database
from tests.soak.audit import Database, PostgresDatabase, SqliteFile, find_faults
from tests.soak.load import LoadClient

pytestmark = pytest.mark.soak

KILLS = int(os.environ.get("SOAK_KILLS", "50"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
CLIENTS = 4
#: Who is killed how often: after the last two a whole start is due, which leaves less time under load.
VICTIMS = {"web": 3, "worker": 3, "supervisor": 1, "group": 1}
#: A lease is 60 s, the sweep comes every 15 s, and what it gives back waits up to a few seconds more.
PATIENCE = 240
#: Acknowledged changes between two kills at least.
WRITES_BETWEEN = 5
ADMIN = {
    "ADMIN_USERNAME": "ada",
    "ADMIN_EMAIL": "ada@example.org",
    "ADMIN_PASSWORD": "correct-horse-9-battery",
    "RATE_LIMITS": "off",
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[dict[str, str], Callable[[], Database]]]:
    """The variables of an instance on each database, and how to open that database."""
    if request.param == "sqlite":
        yield {}, lambda: SqliteFile(tmp_path / "data" / "taskflow.sqlite3")
        return
    with empty_database("soak") as address:
        yield {"DATABASE_URL": address}, lambda: PostgresDatabase(address)


@pytest.fixture
def instance(place: tuple[dict[str, str], Callable[[], Database]], tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path / "data", {**ADMIN, **place[0]})
    yield made
    made.kill_everything()


def test_kills_at_random_moments_lose_nothing(
    instance: Instance,
    place: tuple[dict[str, str], Callable[[], Database]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    dice = random.Random(SEED)
    instance.start()
    headers, project = sign_in(instance)
    clients = [LoadClient(instance.url, headers, project, SEED + number) for number in range(CLIENTS)]
    killed: Counter[str] = Counter()
    began = time.monotonic()
    while killed.total() < KILLS:
        # Nothing proves anything but a kill between writes: wait until it writes again, then for a random moment.
        wait_for(partial(has_acknowledged, clients, count_acknowledged(clients) + WRITES_BETWEEN), 120)
        time.sleep(dice.uniform(0.0, 1.0))
        [victim] = dice.choices(list(VICTIMS), list(VICTIMS.values()))
        kill(instance, victim)
        killed[victim] += 1
    seconds = time.monotonic() - began
    for client in clients:
        client.stop()
    wait_for(lambda: instance.get("/readyz").status_code == 200, 60)
    wait_for(lambda: open_jobs(place[1]) == 0, PATIENCE)
    instance.stop()

    acknowledged = sum((client.done.counts for client in clients), Counter[str]())
    with contextlib.closing(place[1]()) as database:
        faults = find_faults(database, [client.done for client in clients])
        jobs = dict(database.rows("SELECT state, count(*) FROM store_job GROUP BY state"))
        [(events,)] = database.rows("SELECT count(*) FROM store_event")
    with capsys.disabled():
        sys.stdout.write(
            f"\nseed {SEED}: {dict(killed)} in {seconds:.0f} s; {dict(acknowledged)}; {events} events; jobs {jobs}\n"
        )
    assert faults == []
    assert [line for client in clients for line in client.surprises] == []
    assert count_acknowledged(clients) >= KILLS * WRITES_BETWEEN


def count_acknowledged(clients: list[LoadClient]) -> int:
    """Changes that the server said it had made."""
    return sum(n for client in clients for what, n in client.done.counts.copy().items() if what != "no answer")


def has_acknowledged(clients: list[LoadClient], count: int) -> bool:
    return count_acknowledged(clients) >= count


def kill(instance: Instance, victim: str) -> None:
    """kill -9, and a start where nobody is left to do it."""
    if victim in {"web", "worker"}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(instance.child(victim), signal.SIGKILL)
        return
    if victim == "supervisor":
        os.kill(instance.process.pid, signal.SIGKILL)
    else:
        os.killpg(instance.process.pid, signal.SIGKILL)
    instance.process.wait(20)
    instance.start()


def sign_in(instance: Instance) -> tuple[dict[str, str], str]:
    """The headers of a client, and a project that suggests by itself."""
    body = {"username": "ada", "password": ADMIN["ADMIN_PASSWORD"], "name": "soak"}
    with httpx.Client(base_url=f"{instance.url}/api/v1/", timeout=60) as client:
        token = client.post("auth/tokens", json=body).raise_for_status().json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        made = client.post("projects", json={"name": "Load", "auto_suggest": "on_create"}, headers=headers)
        return headers, made.raise_for_status().json()["id"]


def open_jobs(place: Callable[[], Database]) -> int:
    """Jobs that are running, due or wait for another attempt; what is planned for later does not count."""
    try:
        with contextlib.closing(place()) as database:
            [(count,)] = database.rows(
                "SELECT count(*) FROM store_job WHERE state = 'running' OR "
                "(state = 'queued' AND (attempts > 0 OR next_attempt_at < CURRENT_TIMESTAMP))"
            )
    except (sqlite3.OperationalError, psycopg.OperationalError):
        return -1
    return int(count)
