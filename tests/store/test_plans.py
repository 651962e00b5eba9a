"""On SQLite no request reads a whole table of what grows with use: each statement has an index to follow."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from django.db import connection

from tests.conftest import Api, World

#: Tables of which an instance has many rows.
GROWING = ("task", "event", "job", "comment", "decision", "suggestion", "dependency", "reminder", "taskwatch")

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="plans of SQLite")


@contextmanager
def plans() -> Iterator[list[tuple[str, str]]]:
    """Each statement of a request with a line of its plan."""
    found: list[tuple[str, str]] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.match(r"(SELECT|UPDATE|DELETE|WITH|INSERT)", sql) and not many:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%s', '?')}".replace("%%", "%"), params or ())
                found.extend((sql, str(row[-1])) for row in cursor.fetchall())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def scanned(found: list[tuple[str, str]]) -> list[str]:
    """Plans that read a growing table from end to end, without an index."""
    bad = []
    for sql, line in found:
        match = re.fullmatch(r"SCAN (?:TABLE )?(\w+)(?: AS (\w+))?", line)
        if match is None:
            continue
        name = match[2] or match[1]
        table = re.search(rf'"?store_(\w+)"?(?: AS)? "?{name}"?\b', sql)
        held = table[1] if table else name.removeprefix("store_")
        if held in GROWING:
            bad.append(f"{line}: {sql[:200]}")
    return bad


def test_no_request_reads_all_of_a_table(api: Api, world: World, run_jobs: Callable[[], int]) -> None:
    def task(**fields: Any) -> str:
        made: str = api.post("tasks", {"project": "HOME", "title": "Paint"} | fields).json()["id"]
        return made

    first, second = task(), task(due_date="2026-12-01")
    part = task(parent=first, blocked_by=[second], labels=["x"], assignees=["ada"], priority="high")
    api.post(f"tasks/{part}/priority-suggestions")
    run_jobs()
    with plans() as found:
        task(recurrence="FREQ=DAILY", due_date="2026-12-01", reminders=[{"minutes_before": 5}])
        for path in (f"tasks/{part}", "tasks?project=HOME", f"tasks?filter=parent%20%3D%20{first}", "tasks?q=paint"):
            assert api.get(path).status_code in {200, 400}
        changes: list[dict[str, Any]] = [
            {"title": "Other"},
            {"priority": "low"},
            {"due_date": None},
            {"blocked_by": []},
        ]
        for changed in changes:
            assert api.patch(f"tasks/{part}", changed).status_code == 200
        api.post(f"tasks/{part}/comments", {"body": "A remark"})
        api.patch(f"tasks/{first}", {"title": "Another", "description": "@bob"})
        api.post(f"tasks/{part}/priority-suggestions")
        run_jobs()
        api.post(f"tasks/{first}/move", {"after": second})
        api.post(f"tasks/{first}/complete")
        api.delete(f"tasks/{first}")
        api.post(f"tasks/{first}/restore")
        api.get(f"tasks/{part}/history")
        api.get("projects/HOME/events")
    assert len(found) > 100
    assert scanned(found) == []
