"""Taking everything along, and bringing it in again."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application import exports
from taskflow.application.tokens import Wish, create_token
from taskflow.domain.permissions import ProjectRole
from tests.conftest import PASSWORD, Api, World


def export(api: Api, form: str = "json") -> bytes:
    answer = api.get(f"export?format={form}")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.fixture
def furnished(api: Api, world: World) -> Api:
    """Ada's client, with one of everything that she can have."""
    first = api.post(
        "tasks",
        {
            "title": "=HYPERLINK(1)",
            "project": "HOME",
            "description": "Some *words*",
            "labels": ["red"],
            "assignees": ["ada"],
            "priority": "high",
            "due_at": "2026-12-01T09:00:00Z",
            "recurrence": "FREQ=WEEKLY",
            "reminders": [{"minutes_before": 30}],
        },
    ).json()
    second = api.post("tasks", {"title": "Part", "parent": first["id"], "blocked_by": [first["id"]]}).json()
    api.post(f"tasks/{first['id']}/comments", {"body": "A remark"})
    file = SimpleUploadedFile("notes.txt", b"In the file", "text/plain")
    assert api.client.post(f"/api/v1/tasks/{first['id']}/attachments", {"file": file}).status_code == 201
    trashed = api.post("tasks", {"title": "Thrown away"}).json()
    api.delete(f"tasks/{trashed['id']}")
    assert second["parent"] == first["id"]
    return api


def test_everything_of_mine_is_there_and_nothing_of_others(furnished: Api, bob_api: Api, world: World) -> None:
    bob_api.post("tasks", {"title": "Not hers", "project": "WORK"})
    document = json.loads(export(furnished))
    assert (document["format"], document["version"], document["user"]["username"]) == ("taskflow-export", 1, "ada")
    assert {project["key"]: project["inbox"] for project in document["projects"]} == {"IN1": True, "HOME": False}
    tasks = {task["title"]: task for task in document["tasks"]}
    assert set(tasks) == {"=HYPERLINK(1)", "Part", "Thrown away"}
    first = tasks["=HYPERLINK(1)"]
    assert (first["labels"], first["reminders"], first["recurrence"]) == (
        ["red"],
        [{"minutes_before": 30}],
        "FREQ=WEEKLY",
    )
    assert [(each["author"], each["own"], each["body"]) for each in first["comments"]] == [("ada", True, "A remark")]
    assert [each["name"] for each in first["attachments"]] == ["notes.txt"]
    assert tasks["Part"]["blocked_by"] == [first["id"]]
    assert [decision["priority"] for decision in document["decisions"]] == ["high"]


def test_no_secret_is_in_it(furnished: Api, world: World) -> None:
    _, token = create_token(world.ada.as_actor(), Wish(name="x"))
    feed = furnished.post("feeds", {"name": "x"}).json()
    content = export(furnished, "zip") + export(furnished)
    for secret in (token, feed["secret"], PASSWORD, world.ada.password):
        assert secret.encode() not in content
    assert not {"password", "digest", "blob", "secret"} & set(json.dumps(json.loads(export(furnished))).split('"'))


def test_a_token_of_one_project_exports_that_one(furnished: Api, world: World) -> None:
    furnished.post("tasks", {"title": "In the inbox"})
    _, secret = create_token(world.ada.as_actor(), Wish(name="x", projects=["HOME"]))
    document = json.loads(export(Api(None, Authorization=f"Bearer {secret}")))
    assert [project["key"] for project in document["projects"]] == ["HOME"]
    assert "In the inbox" not in {task["title"] for task in document["tasks"]}


def test_what_others_wait_for_is_not_named_where_it_is_not_seen(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    hidden = bob_api.post("tasks", {"title": "Hidden", "project": "WORK"}).json()
    bob_api.post("tasks", {"title": "Waits", "project": "HOME", "blocked_by": [hidden["id"]]})
    assert hidden["id"].encode() not in export(api)


def bring_in(api: Api, source: str, name: str, data: bytes) -> dict[str, Any]:
    answer = api.client.post(f"/api/v1/imports/{source}", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 200, answer.content
    report: dict[str, Any] = answer.json()
    return report


@pytest.mark.parametrize("form", ["json", "zip"])
def test_another_account_takes_it_over_once(furnished: Api, bob_api: Api, form: str) -> None:
    data = export(furnished, form)
    first, again = (bring_in(bob_api, "taskflow", f"x.{form}", data) for _ in range(2))
    assert (first["created"], first["skipped"], again["created"], again["skipped"]) == (2, 0, 0, 2)
    assert (first.get("files"), again.get("files")) == ((1, 0) if form == "zip" else (None, None))
    told = ["The contents of files are not in the JSON. To have them too, import the zip of the export."]
    assert [error["detail"] for error in first["errors"]] == ([] if form == "zip" else told)
    tasks = {task["title"]: task for task in bob_api.get("tasks").json()["results"]}
    first = tasks["=HYPERLINK(1)"]
    assert (first["priority"], first["due_at"], first["recurrence"]) == ("high", "2026-12-01T09:00:00Z", "FREQ=WEEKLY")
    assert (first["labels"], first["reminders"], first["assignees"]) == (["red"], [{"minutes_before": 30}], [])
    assert (tasks["Part"]["parent"], tasks["Part"]["blocked_by"]) == (first["id"], [first["id"]])
    assert {project["name"] for project in bob_api.get("projects").json()["results"]} >= {"Home"}


def test_its_own_account_has_all_of_it_already(furnished: Api) -> None:
    assert bring_in(furnished, "taskflow", "x.json", export(furnished))["created"] == 0


def test_the_spreadsheet_runs_no_formula_and_comes_in_again(furnished: Api, bob_api: Api) -> None:
    data = export(furnished, "csv")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [row["title"] for row in rows] == ["'=HYPERLINK(1)", "Part"]
    assert bring_in(bob_api, "csv", "x.csv", data) == {"created": 2, "skipped": 0, "errors": []}
    tasks = {task["title"]: task for task in bob_api.get("tasks").json()["results"]}
    assert tasks["=HYPERLINK(1)"]["due_at"] == "2026-12-01T09:00:00Z"
    assert tasks["Part"]["parent"] == tasks["=HYPERLINK(1)"]["id"]


def test_the_archive_holds_the_files(furnished: Api) -> None:
    with zipfile.ZipFile(io.BytesIO(export(furnished, "zip"))) as archive:
        assert archive.testzip() is None
        [name] = [name for name in archive.namelist() if name.startswith("files/")]
        assert name.endswith("/notes.txt")
        assert archive.read(name) == b"In the file"
        assert json.loads(archive.read("export.json"))["format"] == "taskflow-export"


def test_statements_grow_with_chunks_and_not_with_tasks(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            export(api)
        return len(queries)

    api.post("tasks", {"title": "T", "labels": ["a"], "priority": "low"})
    few = count()
    for number in range(6):
        api.post("tasks", {"title": f"T{number}", "labels": ["a", "b"], "priority": "low"})
    assert count() == few <= 20
    monkeypatch.setattr(exports, "CHUNK", 4)
    # A second chunk of tasks: the tasks, and what hangs on them.
    assert count() <= few + 12


def test_an_unknown_form_is_refused(api: Api) -> None:
    answer = api.get("export?format=xml")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "format")
