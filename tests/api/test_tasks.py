"""Tasks over REST."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.domain.permissions import ProjectRole
from tests.conftest import Api, World


def make(api: Api, **fields: Any) -> dict[str, Any]:
    response = api.post("tasks", {"title": "Pay rent", "project": "HOME"} | fields)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = response.json()
    return document


def test_a_task_without_a_project_goes_into_the_inbox(api: Api) -> None:
    task = api.post("tasks", {"title": "Pay rent"}).json()
    assert task["key"] == "IN1-1"
    assert task["status"] == "todo"
    assert task["priority"] == "none"
    assert task["version"] == 1


def test_creating_answers_with_location_and_etag(api: Api) -> None:
    response = api.post("tasks", {"title": "Pay rent", "project": "home"})
    task = response.json()
    assert response.headers["Location"].endswith(f"/api/v1/tasks/{task['id']}")
    assert response.headers["ETag"] == '"1"'
    assert api.get(f"tasks/{task['id']}").json() == task
    assert api.get("tasks/home-1").json() == task


def test_every_field_comes_back_as_it_was_set(api: Api, world: World) -> None:
    blocker = make(api, title="Get money")
    fields = {
        "title": "Pay rent",
        "description": "to *Mrs. Miller*",
        "status": "in_progress",
        "priority": "high",
        "due_at": "2026-12-01T09:00:00Z",
        "start_date": "2026-11-25",
        "estimate_minutes": 15,
        "labels": ["money", "Flat"],
        "assignees": ["ada"],
        "blocked_by": [blocker["id"]],
        "reminders": [{"minutes_before": 30}, {"at": "2026-11-30T18:00:00Z"}],
    }
    task = make(api, **fields)
    shown = {name: task[name] for name in fields}
    assert shown == fields | {"labels": ["Flat", "money"]}
    assert task["project"] == str(world.home.pk)
    assert task["created_by"] == "ada"
    assert sum(f["contribution"] for f in task["urgency"]["factors"]) == task["urgency"]["score"]


def test_a_due_time_clears_a_due_date_and_the_other_way_round(api: Api) -> None:
    task = make(api, due_date="2026-12-01")
    changed = api.patch(f"tasks/{task['key']}", {"due_at": "2026-12-02T10:00:00+01:00"}).json()
    assert (changed["due_date"], changed["due_at"]) == (None, "2026-12-02T09:00:00Z")
    changed = api.patch(f"tasks/{task['key']}", {"due_date": "2026-12-03"}).json()
    assert (changed["due_date"], changed["due_at"]) == ("2026-12-03", None)
    both = api.patch(f"tasks/{task['key']}", {"due_date": "2026-12-03", "due_at": "2026-12-02T10:00:00Z"})
    assert both.status_code == 400
    assert both.json()["errors"][0]["field"] == "due_at"


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"title": ""}, "title", "blank"),
        ({"title": "x" * 501}, "title", "max_length"),
        ({"title": 5}, "title", "not_text"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"id": "5"}, "id", "unknown_field"),
        ({"priority": "p1"}, "priority", "invalid_choice"),
        ({"due_at": "2026-12-01T09:00:00"}, "due_at", "naive"),
        ({"due_date": "tomorrow"}, "due_date", "shape"),
        ({"project": "NOPE"}, "project", "not_found"),
        ({"project": "WORK"}, "project", "not_found"),
        ({"parent": "WORK-1"}, "parent", "not_found"),
        ({"assignees": ["nobody"]}, "assignees", "not_found"),
        ({"blocked_by": ["HOME-99"]}, "blocked_by", "not_found"),
        ({"reminders": [{"at": "2026-12-01T09:00:00Z", "minutes_before": 5}]}, "reminders.0", "one_of"),
        ({"estimate_minutes": "15"}, "estimate_minutes", "not_number"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(api: Api, fields: dict[str, Any], field: str, code: str) -> None:
    response = api.post("tasks", {"title": "Pay rent"} | fields)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    error = response.json()["errors"][0]
    assert (error["field"], error["code"]) == (field, code)
    assert api.get("tasks").json()["results"] == []


def test_a_stale_version_changes_nothing(api: Api) -> None:
    task = make(api)
    path = f"tasks/{task['id']}"
    first = api.patch(path, {"title": "Pay the rent"}, **{"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    stale = api.patch(path, {"title": "Lost"}, **{"If-Match": 'W/"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert api.get(path).json()["title"] == "Pay the rent"


def test_a_patch_that_changes_nothing_keeps_the_version(api: Api) -> None:
    task = make(api)
    assert api.patch(f"tasks/{task['id']}", {"title": "Pay rent"}).json()["version"] == 1


def test_completing_twice_has_no_second_effect(api: Api) -> None:
    task = make(api)
    done = api.post(f"tasks/{task['key']}/complete").json()
    assert done["status"] == "done"
    assert done["completed_at"] is not None
    assert api.post(f"tasks/{task['key']}/complete").json() == done
    reopened = api.post(f"tasks/{task['key']}/reopen").json()
    assert (reopened["status"], reopened["completed_at"]) == ("todo", None)
    patched = api.patch(f"tasks/{task['key']}", {"status": "done"}).json()
    assert patched["completed_at"] is not None


def test_the_trash_keeps_a_task_until_it_is_restored(api: Api) -> None:
    parent = make(api)
    child = make(api, title="Find the form", parent=parent["id"])
    path = f"tasks/{parent['id']}"
    assert api.delete(path).status_code == 204
    assert api.get(path).json()["deleted_at"] is not None
    refused = api.patch(path, {"title": "Gone"})
    assert (refused.status_code, refused.json()["code"]) == (409, "trashed")
    assert api.get("tasks").json()["results"] == []
    assert {t["key"] for t in api.get("tasks?deleted=true").json()["results"]} == {"HOME-1", "HOME-2"}
    assert api.post(f"{path}/restore").json()["deleted_at"] is None
    assert api.get(f"tasks/{child['id']}").json()["deleted_at"] is None


def test_circles_are_refused(api: Api) -> None:
    first, second = make(api), make(api)
    api.patch(f"tasks/{first['id']}", {"blocked_by": [second["id"]], "parent": second["id"]})
    for field, value in (("blocked_by", [first["id"]]), ("parent", first["id"])):
        response = api.patch(f"tasks/{second['id']}", {field: value})
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "cycle"


def test_a_moved_task_answers_to_its_old_key(api: Api, world: World) -> None:
    project = api.post("projects", {"name": "Garden"}).json()
    task = make(api, labels=["money"], assignees=["ada"])
    moved = api.post(f"tasks/{task['key']}/move", {"project": project["key"]}).json()
    assert moved["key"] == "GARDEN-1"
    assert moved["labels"] == ["money"]
    assert api.get("tasks/HOME-1").json()["key"] == "GARDEN-1"
    assert make(api)["key"] == "HOME-2"


def test_moving_within_a_project_changes_its_order(api: Api) -> None:
    keys = [make(api, title=title)["key"] for title in "abc"]
    api.post(f"tasks/{keys[2]}/move", {"before": keys[0]})
    api.post(f"tasks/{keys[0]}/move", {"after": keys[1]})
    order = [task["title"] for task in api.get("tasks?ordering=rank").json()["results"]]
    assert order == ["c", "b", "a"]


def test_history_tells_what_happened(api: Api) -> None:
    task = make(api)
    api.patch(f"tasks/{task['id']}", {"title": "Pay the rent", "priority": "high"})
    api.post(f"tasks/{task['id']}/complete")
    entries = api.get(f"tasks/{task['id']}/history").json()["results"]
    assert [entry["type"].removeprefix("taskflow.task.") for entry in entries] == ["created", "updated", "completed"]
    assert entries[1]["data"]["changes"]["title"] == {"from": "Pay rent", "to": "Pay the rent"}
    assert entries[1]["actor"] == "ada"


def test_comments_belong_to_their_authors(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    task = make(api)
    comment = bob_api.post(f"tasks/{task['id']}/comments", {"body": "I paid half."}).json()
    path = f"tasks/{task['id']}/comments/{comment['id']}"
    assert comment["author"] == "bob"
    assert bob_api.patch(path, {"body": "I paid all."}).json()["body"] == "I paid all."
    assert world.home.memberships.get(user=world.ada).role == "owner"
    assert api.delete(path).status_code == 204
    assert api.get(f"tasks/{task['id']}/comments").json()["results"] == []


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=rent", ["Pay rent"]),
        ("q=PAY+re", ["Pay rent"]),
        ("q=cafe", ["Visit the café"]),
        ("q=landlady", ["Pay rent"]),
        ("q=ent", []),
        ("priority=high,urgent", ["Pay rent"]),
        ("label=MONEY", ["Pay rent"]),
        ("assignee=me", ["Visit the café"]),
        ("status=done", ["Old thing"]),
        ("due_before=2026-12-02", ["Pay rent"]),
        ("due_after=2026-12-01", ["Visit the café"]),
        ("project=HOME,IN1&status=todo", ["Visit the café", "Pay rent"]),
    ],
)
def test_filters_find(api: Api, query: str, titles: list[str]) -> None:
    make(api, title="Pay rent", priority="high", labels=["money"], due_date="2026-12-01")
    api.post("tasks/HOME-1/comments", {"body": "The Landlady called"})
    make(api, title="Visit the café", assignees=["ada"], due_at="2026-12-03T09:00:00Z")
    make(api, title="Old thing", status="done")
    found = api.get(f"tasks?{query}").json()["results"]
    assert [task["title"] for task in found] == titles


def test_undated_and_undecided_tasks_come_last_either_way(api: Api) -> None:
    for title, fields in {
        "soon": {"due_date": "2026-12-01", "priority": "low"},
        "never": {},
        "later": {"due_date": "2026-12-09", "priority": "urgent"},
    }.items():
        make(api, title=title, **fields)

    def order(name: str) -> list[str]:
        return [task["title"] for task in api.get(f"tasks?ordering={name}").json()["results"]]

    assert order("due") == ["soon", "later", "never"]
    assert order("-due") == ["later", "soon", "never"]
    assert order("priority") == ["soon", "later", "never"]
    assert order("-priority") == ["later", "soon", "never"]


def test_a_list_costs_the_same_for_one_task_and_for_thirty(api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get("tasks").status_code == 200
        return len(queries)

    make(api, labels=["a"], assignees=["ada"])
    one = count()
    for number in range(29):
        make(api, title=str(number), labels=["a", "b"], assignees=["ada"], blocked_by=["HOME-1"])
    assert count() == one
    assert one <= 14


def test_outsiders_find_nothing(api: Api, bob_api: Api) -> None:
    task = make(api)
    for response in (
        bob_api.get(f"tasks/{task['id']}"),
        bob_api.get("tasks/HOME-1"),
        bob_api.patch(f"tasks/{task['id']}", {"title": "Mine"}),
        bob_api.post(f"tasks/{task['id']}/complete"),
        bob_api.post(f"tasks/{task['id']}/comments", {"body": "Hello"}),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert bob_api.get("tasks").json()["results"] == []


def test_a_viewer_reads_and_cannot_write(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.VIEWER)
    task = make(api)
    assert bob_api.get(f"tasks/{task['id']}").status_code == 200
    refused = bob_api.patch(f"tasks/{task['id']}", {"title": "Mine"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_urgency_of_a_blocker_follows_the_task_that_waits(api: Api) -> None:
    blocker = make(api, title="Get money")
    before = api.get(f"tasks/{blocker['id']}").json()["urgency"]["score"]
    make(api, title="Pay rent", priority="urgent", due_date="2026-11-24", blocked_by=[blocker["id"]])
    after = api.get(f"tasks/{blocker['id']}").json()["urgency"]["score"]
    assert after > before + 20


def test_a_former_blocker_inherits_nothing_any_more(api: Api) -> None:
    blocker = api.post("tasks", {"title": "Buy paint"}).json()["id"]
    alone = api.get(f"tasks/{blocker}").json()["urgency"]["score"]
    waiting = {"title": "Paint", "blocked_by": [blocker], "priority": "urgent", "due_date": "2026-01-01"}
    task = api.post("tasks", waiting).json()["id"]
    assert api.get(f"tasks/{blocker}").json()["urgency"]["score"] > alone
    assert api.patch(f"tasks/{task}", {"blocked_by": []}).status_code == 200
    assert api.get(f"tasks/{blocker}").json()["urgency"]["score"] == pytest.approx(alone, abs=0.01)


def test_a_title_leaves_the_urgency_of_linked_tasks_alone(api: Api) -> None:
    blocker = api.post("tasks", {"title": "Buy paint"}).json()["id"]
    api.post("tasks", {"title": "Paint", "blocked_by": [blocker], "priority": "urgent", "due_date": "2026-01-01"})
    before = api.get(f"tasks/{blocker}").json()["urgency"]
    changed = api.patch(f"tasks/{blocker}", {"title": "Buy much paint"}).json()
    assert changed["urgency"]["score"] == before["score"] == api.get(f"tasks/{blocker}").json()["urgency"]["score"]


def test_nothing_goes_into_an_archived_project(api: Api, run_jobs: Callable[[], int]) -> None:
    task = make(api)
    assert api.post("projects/HOME/archive").json()["archived"] is True
    assert api.post("tasks", {"title": "Late", "project": "HOME"}).json()["code"] == "archived"
    assert api.patch(f"tasks/{task['id']}", {"title": "Late"}).json()["code"] == "archived"
    api.patch("projects/HOME", {"archived": False})
    assert api.patch(f"tasks/{task['id']}", {"title": "Late"}).status_code == 200
