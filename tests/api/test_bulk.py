"""Many operations on tasks in one request."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import Decision, Event, IdempotencyRecord, Job, Task
from tests.conftest import Api, FrozenClock, World


def make(api: Api, **fields: Any) -> dict[str, Any]:
    document: dict[str, Any] = api.post("tasks", {"title": "Pay rent", "project": "HOME"} | fields).json()
    return document


def bulk(api: Api, *operations: Any, status: int = 200, **options: Any) -> Any:
    response = api.post("tasks/bulk", {"operations": list(operations)} | options)
    assert response.status_code == status, response.content
    return response.json()["results"] if status == 200 else response.json()["errors"]


def test_operations_are_done_in_order_and_answered_by_index(api: Api) -> None:
    task, gone = make(api), make(api)
    results = bulk(
        api,
        {"op": "create", "title": "New", "project": "HOME", "labels": ["x"]},
        {"op": "update", "task": task["id"], "title": "Changed", "priority": "high"},
        {"op": "complete", "task": task["key"].lower()},
        {"op": "delete", "task": gone["key"]},
    )
    assert [(result["index"], result["status"]) for result in results] == [(0, 201), (1, 200), (2, 200), (3, 204)]
    new, changed, done, trashed = (result["task"] for result in results)
    assert new == api.get(f"tasks/{new['id']}").json()
    assert (new["title"], new["labels"]) == ("New", ["x"])
    assert changed == done == api.get(f"tasks/{task['id']}").json()
    assert (done["title"], done["priority"], done["status"], done["version"]) == ("Changed", "high", "done", 3)
    assert trashed["deleted_at"] is not None
    kinds = [event.type.rpartition(".")[2] for event in Event.objects.exclude(task_id=None).order_by("seq")]
    assert kinds == ["created", "created", "created", "updated", "completed", "deleted"]
    assert Decision.objects.count() == 1


def test_nothing_is_changed_when_one_operation_fails(api: Api, world: World) -> None:
    task = make(api)
    events, jobs = Event.objects.count(), Job.objects.count()
    (error,) = bulk(
        api,
        {"op": "create", "title": "New", "labels": ["fresh"]},
        {"op": "update", "task": task["id"], "title": "Changed"},
        {"op": "update", "task": task["id"], "assignees": ["nobody"]},
        {"op": "complete", "task": task["id"]},
        status=400,
    )
    assert (error["index"], error["field"], error["code"]) == (2, "assignees", "not_found")
    assert api.get(f"tasks/{task['id']}").json() == task
    assert Task.objects.count() == 1
    assert not world.home.labels.exists()
    assert (Event.objects.count(), Job.objects.count()) == (events, jobs)


def test_without_atomic_the_others_are_done(api: Api, clock: FrozenClock) -> None:
    task = make(api)
    events = Event.objects.count()
    results = bulk(
        api,
        {"op": "create", "title": ""},
        {"op": "update", "task": task["id"], "title": "Changed", "labels": ["kept"]},
        {"op": "update", "task": task["id"], "labels": ["undone"], "assignees": ["nobody"]},
        {"op": "complete", "task": "HOME-99"},
        {"op": "complete", "task": task["id"]},
        atomic=False,
    )
    assert [result["status"] for result in results] == [400, 200, 400, 404, 200]
    found = [(i, e["index"], e["field"], e["code"]) for i, r in enumerate(results) for e in r.get("errors", [])]
    assert found == [(0, 0, "title", "blank"), (2, 2, "assignees", "not_found"), (3, 3, "task", "not_found")]
    assert [result["task"] and result["task"]["title"] for result in results] == [
        None,
        "Changed",
        None,
        None,
        "Changed",
    ]
    assert results[4]["task"]["labels"] == ["kept"]
    assert results[4]["task"]["status"] == "done"
    assert Event.objects.count() == events + 2


@pytest.mark.parametrize(
    ("operation", "field", "code"),
    [
        ("complete", "operations", "not_an_object"),
        ({}, "op", "required"),
        ({"op": "destroy", "task": "HOME-1"}, "op", "invalid_choice"),
        ({"op": "create"}, "title", "required"),
        ({"op": "create", "title": "x", "task": "HOME-1"}, "task", "unknown_field"),
        ({"op": "create", "title": "x", "version": 1}, "version", "unknown_field"),
        ({"op": "create", "title": "x", "colour": "red"}, "colour", "unknown_field"),
        ({"op": "create", "title": "x", "project": "NOPE"}, "project", "not_found"),
        ({"op": "create", "title": "x", "reminders": [{}]}, "reminders.0", "one_of"),
        ({"op": "update", "title": "x"}, "task", "required"),
        ({"op": "update", "task": "HOME-1", "title": 5}, "title", "not_text"),
        ({"op": "update", "task": "HOME-1", "recurrence": "FREQ=HOURLY"}, "recurrence", "too_often"),
        ({"op": "update", "task": "HOME-1", "parent": "HOME-1"}, "parent", "cycle"),
        ({"op": "update", "task": "HOME-1", "version": 7, "title": "x"}, "version", "stale_version"),
        ({"op": "complete", "task": "HOME-1", "title": "x"}, "title", "unknown_field"),
        ({"op": "complete", "task": "WORK-1"}, "task", "not_found"),
        ({"op": "delete", "task": "not a task"}, "task", "not_found"),
    ],
)
@pytest.mark.parametrize("atomic", [True, False])
def test_what_is_wrong_is_said_by_index(
    api: Api, bob_api: Api, operation: Any, field: str, code: str, atomic: bool
) -> None:
    make(api)
    make(bob_api, project="WORK")
    good = {"op": "update", "task": "HOME-1", "description": "x"}
    found = bulk(api, good, operation, atomic=atomic, status=400 if atomic else 200)
    (error,) = found if atomic else found[1]["errors"]
    assert (error["index"], error["field"], error["code"]) == (1, field, code)
    assert api.get("tasks/HOME-1").json()["description"] == ("" if atomic else "x")


def test_a_viewer_changes_nothing(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.VIEWER)
    task = make(api)
    (error,) = bulk(bob_api, {"op": "complete", "task": task["id"]}, status=400)
    assert (error["index"], error["code"]) == (0, "forbidden")
    (result,) = bulk(bob_api, {"op": "complete", "task": task["id"]}, atomic=False)
    assert (result["status"], result["task"]) == (403, None)


def test_states_that_do_not_allow_it_are_told_apart(api: Api) -> None:
    trashed, stale = make(api), make(api)
    api.delete(f"tasks/{trashed['id']}")
    results = bulk(
        api,
        {"op": "update", "task": trashed["id"], "title": "x"},
        {"op": "update", "task": stale["id"], "title": "x", "version": 2},
        {"op": "update", "task": stale["id"], "title": "x", "version": 1},
        atomic=False,
    )
    assert [(result["status"], [e["code"] for e in result.get("errors", [])]) for result in results] == [
        (409, ["trashed"]),
        (412, ["stale_version"]),
        (200, []),
    ]


def test_completing_a_recurring_task_names_the_next_one(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY", due_date="2026-11-24")
    (result,) = bulk(api, {"op": "complete", "task": task["id"]})
    following = api.get(f"tasks/{result['task']['next']['key']}").json()
    assert following["id"] == result["task"]["next"]["id"]
    assert following["due_date"] == "2026-11-25"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "operations", "required"),
        ({"operations": {}}, "operations", "not_a_list"),
        ({"operations": [{"op": "create", "title": "x"}] * 101}, "operations", "max_length"),
        ({"operations": [], "atomic": "yes"}, "atomic", "not_flag"),
        ({"operations": [], "dry_run": True}, "dry_run", "unknown_field"),
    ],
)
def test_a_wrong_request_is_refused(api: Api, body: dict[str, Any], field: str, code: str) -> None:
    response = api.post("tasks/bulk", body)
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_no_operations_are_no_results(api: Api) -> None:
    assert bulk(api) == []


def test_the_same_key_gives_the_same_answer_and_does_nothing_twice(api: Api) -> None:
    body = {"operations": [{"op": "create", "title": "Once"}]}
    headers = {"Idempotency-Key": "k1"}
    first, second = (api.post("tasks/bulk", body, **headers) for _ in range(2))
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert Task.objects.count() == 1
    assert IdempotencyRecord.objects.count() == 1


def test_the_answer_costs_as_many_statements_for_many_as_for_one(api: Api) -> None:
    tasks = [make(api) for _ in range(12)]
    counts = []
    for some in (tasks[:2], tasks[2:]):
        with CaptureQueriesContext(connection) as queries:
            bulk(api, *({"op": "complete", "task": task["id"]} for task in some))
        counts.append(len(queries))
    per_operation = (counts[1] - counts[0]) / 8
    assert per_operation == int(per_operation)
    assert per_operation <= 12
    assert counts[0] - 2 * per_operation <= 25
