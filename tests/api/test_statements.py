"""How many SQL statements a request costs, whatever the number of rows: those that begin and end a transaction too."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application.tokens import Wish, create_token
from taskflow.domain.permissions import ProjectRole
from tests.conftest import Api, World

Count = Callable[[Callable[[], Any]], int]


@pytest.fixture
def token_api(world: World) -> Api:
    """A client with a token of Ada's, as scripts have it."""
    _, secret = create_token(world.ada.as_actor(), Wish("statements"))
    return Api(None, Authorization=f"Bearer {secret}")


@pytest.fixture
def count(token_api: Api) -> Count:
    """The statements of a request; looking for the token, which is remembered for a second, comes before."""

    def run(request: Callable[[], Any]) -> int:
        assert token_api.get("me").status_code == 200
        with CaptureQueriesContext(connection) as captured:
            response = request()
        assert response.status_code in {200, 201}, response.content
        return len(captured)

    return run


def fill(api: Api, number: int) -> list[str]:
    """Tasks with all that a document shows: labels, an assignee, a blocker, a reminder, a comment."""
    made: list[str] = []
    for index in range(number):
        fields: dict[str, Any] = {
            "project": "HOME",
            "title": f"Task {index}",
            "labels": [f"l{index}", "x"],
            "assignees": ["ada"],
        }
        fields |= {"due_date": "2026-12-01", "reminders": [{"minutes_before": 5}], "blocked_by": made[:1]}
        response = api.post("tasks", fields)
        assert response.status_code == 201, response.content
        made.append(response.json()["id"])
        api.post(f"tasks/{made[-1]}/comments", {"body": "A remark"})
    return made


def test_creating_a_task_takes_at_most_ten(token_api: Api, count: Count) -> None:
    body = {"project": "HOME", "title": "Pay the rent", "description": "By transfer", "priority": "high"}
    assert count(lambda: token_api.post("tasks", body | {"due_date": "2026-12-01"})) <= 10


def test_creating_a_task_takes_as_many_in_a_full_project(token_api: Api, count: Count) -> None:
    body = {"project": "HOME", "title": "Pay the rent", "priority": "high"}
    first = count(lambda: token_api.post("tasks", body))
    fill(token_api, 12)
    assert count(lambda: token_api.post("tasks", body)) == first


@pytest.mark.parametrize(
    "body", [{"title": "Another"}, {"description": "More"}, {"due_date": "2027-01-01"}, {"priority": "high"}]
)
def test_changing_a_task_takes_at_most_eight(token_api: Api, count: Count, body: dict[str, str]) -> None:
    fill(token_api, 3)
    task = token_api.post("tasks", {"project": "HOME", "title": "Plain"}).json()["id"]
    assert count(lambda: token_api.patch(f"tasks/{task}", body)) <= 8


@pytest.mark.parametrize("reference", ["id", "key"])
def test_reading_a_task_takes_at_most_three(
    token_api: Api, count: Count, run_jobs: Callable[[], int], reference: str
) -> None:
    made = fill(token_api, 3)
    token_api.post(f"tasks/{made[1]}/priority-suggestions")
    run_jobs()
    task = token_api.get(f"tasks/{made[1]}").json()
    assert task["suggestion"] is not None
    assert task["labels"] == ["l1", "x"]
    assert count(lambda: token_api.get(f"tasks/{task[reference]}")) <= 3


@pytest.mark.parametrize(
    "query",
    [
        "tasks",
        "tasks?project=HOME&status=todo,in_progress&ordering=due,-priority",
        "tasks?q=task%20remark",
        "tasks?filter=label%20%3D%20x%20and%20due%20%3E%20today-1000d",
        "tasks?saved=upcoming",
    ],
)
def test_a_list_or_a_search_takes_at_most_three(
    token_api: Api, count: Count, world: World, run_jobs: Callable[[], int], query: str
) -> None:
    world.join(world.work, world.ada, ProjectRole.MEMBER)
    token_api.post(f"tasks/{fill(token_api, 1)[0]}/priority-suggestions")
    run_jobs()
    # Each process asks PostgreSQL how frequent words are every five minutes, with the first search.
    token_api.get("tasks?q=warm")
    few = count(lambda: token_api.get(query))
    fill(token_api, 12)
    assert len(token_api.get(query).json()["results"]) > 1
    assert count(lambda: token_api.get(query)) == few <= 3
