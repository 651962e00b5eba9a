"""How long 5,000 tasks take to import, and how long others wait for the database meanwhile.

    python bench/imports.py [todoist|taskwarrior|…]

On SQLite in a temporary folder, or on the database of TASKFLOW_DATABASE_URL (a fresh one). The promise: less than 30 s,
and nobody waits for SQLite's one write lock for more than a second.
"""

import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

TASKS = 5_000
PROMISE_S = 30.0
LONGEST_WAIT_S = 1.0


def write_todoist() -> bytes:
    """A project of Todoist."""
    rows = ["TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,DATE"]
    for number in range(TASKS):
        indent = 1 if number % 4 == 0 else 2
        labels = f"@area{number % 20} @errands"
        rows.append(
            f"task,Order part {number} for the workshop {labels},Ask for a quote,{number % 4 + 1},{indent},today"
        )
        if number % 5 == 0:
            rows.append("note,They call back on Monday,,,,")
    return "\n".join(rows).encode()


def write_taskwarrior() -> bytes:
    """An export of Taskwarrior, with chains of ten tasks that wait for each other."""
    tasks = [
        {
            "uuid": str(UUID(int=number + 1)),
            "description": f"Order part {number} for the workshop",
            "status": "completed" if number % 3 == 0 else "pending",
            "project": f"area.{number % 20}",
            "priority": "HML"[number % 3],
            "tags": ["errands", f"tag{number % 30}"],
            "entry": "20261101T080000Z",
            "due": "20261201T170000Z",
            "depends": [str(UUID(int=number))] if number % 10 else [],
        }
        for number in range(TASKS)
    ]
    return json.dumps(tasks).encode()


WRITERS: dict[str, Callable[[], bytes]] = {"todoist": write_todoist, "taskwarrior": write_taskwarrior}


@contextmanager
def measured_waits(database: str | None) -> Iterator[list[float]]:
    """The seconds that a second writer waits for SQLite's write lock, again and again; none on PostgreSQL."""
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        with sqlite3.connect(str(database), timeout=60, isolation_level=None) as connection:
            while not over.wait(0.02):
                started = time.perf_counter()
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
                waits.append(time.perf_counter() - started)

    writer = threading.Thread(target=write) if database else None
    if writer:
        writer.start()
    try:
        yield waits
    finally:
        over.set()
        if writer:
            writer.join()


def measure(source: str, database: str | None) -> bool:
    """One import, a second one, and a table row; whether the promise holds."""
    from taskflow.application.accounts import create_user
    from taskflow.application.imports import preview_import, run_import
    from taskflow.domain.permissions import SYSTEM

    user = create_user(SYSTEM, username=source, email=f"{source}@example.org", password=None)
    data = WRITERS[source]()
    started = time.perf_counter()
    preview_import(user.as_actor(), source, data, name="list")
    previewed = time.perf_counter() - started
    with measured_waits(database) as waits:
        started, cpu = time.perf_counter(), time.process_time()
        report = run_import(user.as_actor(), source, data, name="list")
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
    started = time.perf_counter()
    again = run_import(user.as_actor(), source, data, name="list")
    repeated = time.perf_counter() - started
    longest = max(waits, default=0.0)
    print(
        f"{source:<12} {report.created:>6} tasks {took:>6.1f} s, CPU {cpu:>5.1f} s, dry run {previewed:>4.1f} s, "
        f"again {repeated:>4.1f} s, longest wait of another writer {longest:>5.2f} s",
        flush=True,
    )
    complete = report.created == TASKS and again.created == 0 and again.skipped == TASKS
    return complete and took < PROMISE_S and longest < LONGEST_WAIT_S


def main() -> int:
    """Measure the named sources, or all."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TASKFLOW_DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "taskflow.settings.django"
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        name = str(connection.settings_dict["NAME"])
        database = name if connection.vendor == "sqlite" and Path(name).exists() else None
        held = [measure(source, database) for source in sys.argv[1:] or WRITERS]
        return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
