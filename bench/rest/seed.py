"""Fills an instance's database for the measurements of the REST interface.

    TASKFLOW_DATABASE_URL=… TASKFLOW_DATA_DIR=… python -m bench.rest.seed 10000 100000 1000000

One project a number, `T10000` and so on, with the words, dates and statuses that the reference server's tasks have, and
32 small projects for writes. Prints a JSON object: `token`, `projects` (key → id), `tasks` (key → ids of tasks).
"""

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

WORDS = (
    *("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet"),
    *("kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango"),
)
FIRST_DUE = date(2026, 1, 1)
CHUNK = 2_000
WRITE_PROJECTS = 32


def describe(number: int) -> dict[str, Any]:
    """The fields of the task with that number."""
    rare = "needleword" if number % 1000 == 7 else "review"
    return {
        "title": f"Task {number} {WORDS[number % 20]} {rare}",
        "description": (
            f"Description of task {number} with some more words to make it realistic {WORDS[number * 7 % 20]}"
        ),
        "status": "done" if number % 3 == 0 else "todo",
        "priority": number % 5,
        "due_date": FIRST_DUE + timedelta(days=number * 37 % 730),
    }


def build(project: Any, count: int, now: datetime) -> Iterator[Any]:
    """Unsaved tasks as the use case would store them, newest last."""
    from fractional_indexing import generate_n_keys_between

    from taskflow.application.task_fields import follow_due
    from taskflow.application.urgency import score_alone
    from taskflow.store.models import Task

    ranks = generate_n_keys_between(None, None, count)
    for number, rank in enumerate(ranks, start=1):
        created = now - timedelta(seconds=count - number)
        task = Task(
            project=project,
            number=number,
            rank=rank,
            created_by=project.created_by,
            created_at=created,
            updated_at=created,
            **describe(number),
        )
        task.completed_at = created if task.status == "done" else None
        follow_due(task)
        score_alone(task, project.created_by.timezone, now)
        yield task


def main() -> int:
    """Seed, vacuum, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskflow.settings.django")
    import django

    django.setup()
    from django.db import connection

    from taskflow.application.accounts import create_user
    from taskflow.application.projects import create_project
    from taskflow.application.tokens import Wish, create_token
    from taskflow.domain.permissions import SYSTEM, SiteRole
    from taskflow.store.models import Project, Task

    user = create_user(
        SYSTEM, username="bench", email="", password="bench-horse-9", role=SiteRole.MEMBER, timezone="UTC"
    )
    _, secret = create_token(user.as_actor(), Wish("bench"))
    found: dict[str, Any] = {"token": secret, "projects": {}, "tasks": {}}
    now = datetime.now(UTC)
    counts = {f"T{size}": int(size) for size in sys.argv[1:]}
    counts |= {f"W{number}": 100 for number in range(WRITE_PROJECTS)}
    for key, count in counts.items():
        project = create_project(user.as_actor(), {"name": key, "key": key})
        tasks = build(project, count, now)
        sample = []
        while chunk := list(islice(tasks, CHUNK)):
            Task.objects.bulk_create(chunk)
            sample += [str(task.pk) for task in chunk[:: max(1, count // 2000)]]
        Project.objects.filter(pk=project.pk).update(task_counter=count)
        found["projects"][key], found["tasks"][key] = str(project.pk), sample
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
