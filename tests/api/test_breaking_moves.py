"""Tasks that move between projects tell neither project of the other, and take their subtasks along whole."""

from collections.abc import Callable
from typing import Any

import pytest

from taskflow.application.members import add_member
from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import Task
from tests.conftest import Api, World

Run = Callable[[], int]


@pytest.fixture
def secret(api: Api, world: World) -> str:
    """The key of Ada's own project; she shares HOME with Bob."""
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    created = api.post("projects", {"name": "Secret merger", "key": "MERGER"})
    assert created.status_code == 201
    return "MERGER"


def make(api: Api, project: str, title: str, **fields: Any) -> dict[str, Any]:
    response = api.post("tasks", {"title": title, "project": project} | fields)
    assert response.status_code == 201, response.content
    task: dict[str, Any] = response.json()
    return task


def advise(api: Api, run_jobs: Run, task: str) -> dict[str, Any]:
    asked = api.post(f"tasks/{task}/priority-suggestions").json()
    run_jobs()
    ready: dict[str, Any] = api.get(f"priority-suggestions/{asked['id']}").json()
    return ready


def test_history_keeps_quiet_about_a_project_that_the_reader_does_not_see(
    api: Api, bob_api: Api, world: World, secret: str
) -> None:
    task = make(api, secret, "Lay off the west wing")
    below = make(api, secret, "Call the lawyer", parent=task["id"])
    api.patch(f"tasks/{task['id']}", {"title": "Tidy up"})
    assert api.post(f"tasks/{task['id']}/move", {"project": "HOME"}).status_code == 200
    for moved in (task, below):
        seen = bob_api.get(f"tasks/{moved['id']}/history")
        assert [entry["data"]["changes"]["project"] for entry in seen.json()["results"]] == [
            {"from": None, "to": "HOME"}
        ]
        assert b"MERGER" not in seen.content
    mine = api.get(f"tasks/{task['id']}/history").json()["results"]
    assert mine[0]["data"]["title"] == "Lay off the west wing"
    assert {"from": secret, "to": None} in [entry["data"].get("changes", {}).get("project") for entry in mine]


def test_a_project_given_in_a_patch_leaves_no_trace_of_the_former_one_either(
    api: Api, bob_api: Api, secret: str
) -> None:
    parent = make(api, secret, "The parent")
    task = make(api, secret, "A part", parent=parent["id"])
    assert api.patch(f"tasks/{task['id']}", {"project": "HOME"}).status_code == 200
    seen = bob_api.get(f"tasks/{task['id']}/history")
    assert b"MERGER" not in seen.content
    assert parent["id"].encode() not in seen.content
    assert seen.json()["results"][0]["data"]["changes"]["project"] == {"from": None, "to": "HOME"}


def test_history_names_no_blocker_that_the_reader_does_not_see(api: Api, bob_api: Api, secret: str) -> None:
    hidden, shown = make(api, secret, "Hidden"), make(api, "HOME", "Shown")
    task = make(api, "HOME", "Waits")
    api.patch(f"tasks/{task['id']}", {"blocked_by": [hidden["id"], shown["id"]]})
    entry = bob_api.get(f"tasks/{task['id']}/history").json()["results"][-1]
    assert entry["data"]["changes"]["blocked_by"] == {"from": [], "to": [shown["id"]]}
    entry = api.get(f"tasks/{task['id']}/history").json()["results"][-1]
    assert sorted(entry["data"]["changes"]["blocked_by"]["to"]) == sorted([hidden["id"], shown["id"]])


def test_reasons_that_quote_the_former_project_do_not_move_along(
    api: Api, bob_api: Api, run_jobs: Run, secret: str
) -> None:
    for number in range(4):
        make(api, secret, f"Lay off department {number}", priority="urgent")
    task = make(api, secret, "Lay off department 9")
    before = advise(api, run_jobs, task["id"])
    assert "Secret merger" in str(before["reasons"])
    assert "department 3" in str(before["reasons"])
    api.post(f"tasks/{task['id']}/move", {"project": "HOME"})
    (seen,) = bob_api.get(f"priority-suggestions?task={task['id']}").json()["results"]
    assert seen["state"] == "stale"
    assert [reason["code"] for reason in seen["reasons"]] == ["moved"]


def test_a_second_member_does_not_read_quotes_from_the_first_ones_other_projects(
    api: Api, bob_api: Api, world: World, run_jobs: Run, secret: str
) -> None:
    for number in range(4):
        make(api, secret, f"Lay off department {number}", priority="urgent")
        make(api, secret, f"Water the plants on floor {number}", priority="low")
    api.post("projects", {"name": "Fresh", "key": "FRESH"})
    task = make(api, "FRESH", "Lay off department 9")
    before = advise(api, run_jobs, task["id"])
    assert "department 3" in str(before["reasons"])
    add_member(world.ada.as_actor(), "FRESH", "bob", ProjectRole.VIEWER)
    seen = bob_api.get(f"priority-suggestions/{before['id']}").json()
    assert "department" not in str(seen["reasons"])
    assert "like 4 tasks you set to urgent" in [reason["text"] for reason in seen["reasons"]]
    assert seen["version"] > before["version"]


def test_subtasks_are_scored_with_the_weights_of_the_project_that_they_come_to(api: Api) -> None:
    api.post("projects", {"name": "Flat", "key": "FLAT", "urgency_weights": {"priority": 0}})
    task = make(api, "HOME", "Whole", priority="urgent")
    below = make(api, "HOME", "Part", priority="urgent", parent=task["id"])
    api.post(f"tasks/{task['id']}/move", {"project": "FLAT"})
    for moved in (task, below):
        factors = api.get(f"tasks/{moved['id']}").json()["urgency"]["factors"]
        assert [factor["contribution"] for factor in factors if factor["code"] == "priority"] == [0.0]


def test_deleting_a_project_frees_at_once_what_waited_for_its_tasks(api: Api) -> None:
    api.post("projects", {"name": "Doomed", "key": "DOOMED"})
    blocker = make(api, "DOOMED", "First")
    task = make(api, "HOME", "Second", priority="urgent", blocked_by=[blocker["id"]])
    assert "blocked" in {factor["code"] for factor in task["urgency"]["factors"]}
    assert api.delete("projects/DOOMED").status_code == 204
    freed = api.get(f"tasks/{task['id']}").json()
    assert freed["blocked_by"] == []
    assert "blocked" not in {factor["code"] for factor in freed["urgency"]["factors"]}


def test_a_thousand_moves_into_one_gap_keep_ranks_short_and_in_order(api: Api) -> None:
    tasks = {title: make(api, "HOME", title) for title in ("a", "b", "c", "d")}
    # What about 600 moves between the same two tasks leave behind.
    Task.objects.filter(pk=tasks["a"]["id"]).update(rank="a0")
    Task.objects.filter(pk=tasks["b"]["id"]).update(rank="a0" + "0" * 98 + "V")
    Task.objects.filter(pk=tasks["c"]["id"]).update(rank="a1")
    Task.objects.filter(pk=tasks["d"]["id"]).update(rank="a2")
    moved = api.post(f"tasks/{tasks['d']['id']}/move", {"after": tasks["a"]["id"]})
    assert moved.status_code == 200
    ranked = api.get("tasks?ordering=rank&project=HOME").json()["results"]
    assert [task["title"] for task in ranked] == ["a", "d", "b", "c"]
    assert max(len(task["rank"]) for task in ranked) < 10


def test_a_rank_that_becomes_too_long_touches_the_tasks_around_it_alone(api: Api, world: World) -> None:
    made = [api.post("tasks", {"title": f"{n}", "project": "HOME"}).json() for n in range(2)]
    far = [Task(project=world.home, number=100 + n, title=f"far {n}", rank=f"b{n:02}V") for n in range(99)]
    Task.objects.bulk_create([_dated(task, world) for task in far])
    Task.objects.filter(pk=made[0]["id"]).update(rank="a0")
    Task.objects.filter(pk=made[1]["id"]).update(rank="a0" + "0" * 98 + "V")
    assert api.post(f"tasks/{far[98].pk}/move", {"after": made[0]["key"]}).status_code == 200
    ranks = {task.title: task.rank for task in Task.objects.order_by("rank")}
    assert list(ranks)[:4] == ["0", "far 98", "1", "far 0"]
    assert max(map(len, ranks.values())) < 10
    assert all(ranks[task.title] == task.rank for task in far[40:98])


def _dated(task: Task, world: World) -> Task:
    task.created_at = task.updated_at = world.home.created_at
    return task


def test_a_task_and_its_parts_stand_in_their_order_and_in_places_of_their_own(api: Api, secret: str) -> None:
    make(api, "HOME", "There already")
    root = make(api, secret, "Root")
    parts = [make(api, secret, title, parent=root["id"]) for title in ("one", "two", "three")]
    api.post(f"tasks/{parts[2]['id']}/move", {"before": parts[0]["id"]})
    assert api.post(f"tasks/{root['id']}/move", {"project": "HOME"}).status_code == 200
    found = api.get("tasks?project=HOME&ordering=rank").json()["results"]
    assert [task["title"] for task in found] == ["There already", "Root", "three", "one", "two"]
    assert len({task["rank"] for task in found}) == 5
