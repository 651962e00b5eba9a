"""Importing real-looking lists over REST."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import Api, World

SAMPLES = Path(__file__).parents[1] / "data" / "import"


def send(api: Api, source: str, data: bytes, name: str, query: str = "") -> Any:
    return api.client.post(f"/api/v1/imports/{source}{query}", {"file": SimpleUploadedFile(name, data)})


@pytest.fixture(params=[("todoist", "todoist.csv", "Home.csv"), ("taskwarrior", "taskwarrior.json", "export.json")])
def sample(request: pytest.FixtureRequest) -> tuple[str, bytes, str]:
    source, file, name = request.param
    return source, (SAMPLES / file).read_bytes(), name


def test_a_dry_run_reports_and_changes_nothing(api: Api, sample: tuple[str, bytes, str]) -> None:
    source, data, name = sample
    dry = send(api, source, data, name, "?dry_run=true").json()
    assert dry["created"] >= 25
    assert api.get("tasks").json()["results"] == []
    assert {p["key"] for p in api.get("projects").json()["results"]} == {"IN1", "HOME"}
    assert send(api, source, data, name).json() == dry


def test_a_second_run_adds_nothing(api: Api, sample: tuple[str, bytes, str]) -> None:
    source, data, name = sample
    first = send(api, source, data, name)
    assert first.status_code == 200, first.content
    count = len(api.get("tasks?limit=200").json()["results"])
    assert count == first.json()["created"]
    again = send(api, source, data, name).json()
    assert (again["created"], again["skipped"]) == (0, first.json()["created"])
    assert len(api.get("tasks?limit=200").json()["results"]) == count


def test_todoist_goes_into_the_project_of_the_files_name(api: Api) -> None:
    send(api, "todoist", (SAMPLES / "todoist.csv").read_bytes(), "Home [2203306141].csv")
    tasks = api.get("tasks?limit=200&project=HOME").json()["results"]
    assert tasks
    assert any(task["parent"] for task in tasks)
    assert any(task["labels"] for task in tasks)
    assert any(task["priority"] == "urgent" for task in tasks)


def test_taskwarrior_brings_projects_dependencies_and_priorities(api: Api) -> None:
    send(api, "taskwarrior", (SAMPLES / "taskwarrior.json").read_bytes(), "export.json")
    tasks = api.get("tasks?limit=200").json()["results"]
    assert any(task["blocked_by"] for task in tasks)
    assert {task["status"] for task in tasks} >= {"todo", "done"}
    assert len({task["project"] for task in tasks}) > 1


def test_imported_priorities_are_learned_from(api: Api, run_jobs: Callable[[], int]) -> None:
    rows = "".join(f"task,Feed the tortoise {n},1,1,\n" for n in range(5))
    send(api, "todoist", f"TYPE,CONTENT,PRIORITY,INDENT,DATE\n{rows}".encode(), "Home.csv")
    task = api.post("tasks", {"title": "Feed the tortoise", "project": "HOME"}).json()
    asked = api.post(f"tasks/{task['id']}/priority-suggestions").json()
    run_jobs()
    assert api.get(f"priority-suggestions/{asked['id']}").json()["suggested_priority"] == "urgent"


def test_nothing_is_written_into_projects_of_others(api: Api, world: World) -> None:
    send(api, "todoist", b"TYPE,CONTENT\ntask,Mine\n", "Work.csv")
    assert not world.work.tasks.exists()
    assert "WORK2" in {p["key"] for p in api.get("projects").json()["results"]}


@pytest.mark.parametrize(
    ("source", "data"),
    [("todoist", b""), ("todoist", b"\x00\xff"), ("taskwarrior", b"{"), ("taskwarrior", b"\xff\xfe")],
)
def test_a_file_that_is_no_such_list_is_refused_with_its_field(api: Api, source: str, data: bytes) -> None:
    response = send(api, source, data, "x")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "file"


def test_a_missing_file_is_named(api: Api) -> None:
    response = api.client.post("/api/v1/imports/todoist", {})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "file"
    assert api.client.post("/api/v1/imports/unknown", {}).status_code == 404
