"""Importing real-looking lists over REST."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import Api, World

SAMPLES = Path(__file__).parents[1] / "data" / "import"


def send(api: Api, source: str, data: bytes, name: str, query: str = "") -> Any:
    return api.client.post(f"/api/v1/imports/{source}{query}", {"file": SimpleUploadedFile(name, data)})


#: Source, sample, the name it is sent with, and how many tasks it holds.
LISTS = [
    ("todoist", "todoist.csv", "Home.csv", 27),
    ("taskwarrior", "taskwarrior.json", "export.json", 32),
    ("trello", "trello.json", "board.json", 14),
    ("vikunja", "vikunja.json", "data.json", 10),
    ("csv", "tasks.csv", "tasks.csv", 8),
    ("ics", "tasks.ics", "tasks.ics", 7),
    ("taskflow", "taskflow.json", "export.json", 3),
]


@pytest.fixture(params=LISTS, ids=lambda each: str(each[0]))
def sample(request: pytest.FixtureRequest) -> tuple[str, bytes, str]:
    source, file, name, _ = request.param
    return source, (SAMPLES / file).read_bytes(), name


def test_a_dry_run_reports_and_changes_nothing(api: Api, sample: tuple[str, bytes, str]) -> None:
    source, data, name = sample
    dry = send(api, source, data, name, "?dry_run=true").json()
    assert dry["created"] == next(count for named, _, _, count in LISTS if named == source)
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
    [
        ("todoist", b""),
        ("todoist", b"\x00\xff"),
        ("taskwarrior", b"{"),
        ("taskwarrior", b"\xff\xfe"),
        ("trello", b"[]"),
        ("trello", b"[" * 100_000),
        ("vikunja", b'{"id": 1}'),
        ("vikunja", b"PK\x03\x04 and no more"),
        ("csv", b"when,what for\ntomorrow,nothing"),
        ("csv", b"\xff\xfea"),
        ("ics", b"BEGIN:VCALENDAR\nEND:VCALENDAR"),
        ("ics", b"TYPE,CONTENT\ntask,x"),
        ("taskflow", b'{"tasks": []}'),
        ("taskflow", b'{"format": "taskflow-export", "version": 99}'),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_with_its_field(api: Api, source: str, data: bytes) -> None:
    response = send(api, source, data, "x")
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert (error["field"], error["code"]) == ("file", "import_format")
    assert "Expected" in error["detail"] or "Update" in error["detail"]


def test_a_missing_file_is_named(api: Api) -> None:
    response = api.client.post("/api/v1/imports/todoist", {})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "file"
    assert api.client.post("/api/v1/imports/unknown", {}).status_code == 404


def upload(api: Api, source: str, file: str) -> list[dict[str, Any]]:
    """Every task after an import of a sample."""
    assert send(api, source, (SAMPLES / file).read_bytes(), file).status_code == 200
    tasks: list[dict[str, Any]] = api.get("tasks?limit=200").json()["results"]
    return tasks


def test_trello_brings_lists_checklists_comments_and_archived_cards(api: Api) -> None:
    tasks = {task["title"]: task for task in upload(api, "trello", "trello.json")}
    flyer = tasks["Flyer for the winter market"]
    assert (flyer["status"], flyer["due_at"], flyer["start_date"]) == (
        "in_progress",
        "2026-12-01T11:00:00Z",
        "2026-11-23",
    )
    assert flyer["labels"] == ["Event", "print"]
    assert tasks["Proofread"]["parent"] == flyer["id"]
    assert (tasks["Proofread"]["status"], tasks["Check the bleed"]["status"]) == ("done", "todo")
    assert tasks["Poster contest"]["status"] == tasks["Radio spot"]["status"] == "cancelled"
    assert tasks["Book the hall for February"]["labels"] == ["Ideas", "red"]
    comments = api.get(f"tasks/{flyer['id']}/comments").json()["results"]
    assert [each["body"] for each in comments] == [
        "Mira Olsen: First draft attached",
        "Jonas Weber: Printer needs it by noon.",
    ]


def test_vikunja_brings_repetitions_relations_and_priorities(api: Api) -> None:
    tasks = {task["title"]: task for task in upload(api, "vikunja", "vikunja.json")}
    assert (tasks["Water the plants"]["recurrence"], tasks["Water the plants"]["recurrence_basis"]) == (
        "FREQ=DAILY;INTERVAL=3",
        "completion",
    )
    rent, report = tasks["Pay the rent"], tasks["Quarterly report"]
    assert (rent["recurrence"], rent["priority"], rent["reminders"]) == (
        "FREQ=MONTHLY",
        "urgent",
        [{"minutes_before": 1440}],
    )
    assert (report["priority"], report["status"]) == ("urgent", "in_progress")
    assert tasks["Choose the tiles"]["blocked_by"] == [tasks["Measure the bathroom"]["id"]]
    assert tasks["Choose the tiles"]["parent"] == tasks["Renovate the bathroom"]["id"]
    assert "- Schulz & Co" in tasks["Renovate the bathroom"]["description"]


def test_a_calendar_brings_zones_rules_parents_and_alarms(api: Api) -> None:
    tasks = {task["title"]: task for task in upload(api, "ics", "tasks.ics")}
    bed = tasks["Build the raised bed"]
    assert (bed["due_at"], bed["priority"], bed["status"]) == ("2026-12-05T15:00:00Z", "urgent", "in_progress")
    assert (bed["labels"], bed["reminders"]) == (["garden", "wood, heavy"], [{"minutes_before": 60}])
    assert bed["description"] == "Larch, 4 cm thick.\nTwo by one metre; a folded line that goes on here."
    assert tasks["Buy the boards"]["parent"] == bed["id"]
    water = tasks["Water the greenhouse"]
    assert (water["due_at"], water["recurrence"]) == ("2026-11-27T07:00:00Z", "FREQ=WEEKLY;BYDAY=MO,FR")
    assert tasks["Members' assembly"]["due_at"] == "2027-01-22T18:00:00Z"
    assert tasks["Seed swap"]["due_date"] == "2027-02-13"
    barrels = tasks["Empty the rain barrels"]
    assert (barrels["status"], barrels["completed_at"]) == ("done", "2026-11-15T14:30:00Z")


def test_tasks_that_are_done_make_no_next_ones(api: Api, run_jobs: Callable[[], int]) -> None:
    tasks = upload(api, "ics", "tasks.ics")
    run_jobs()
    assert len(api.get("tasks?limit=200").json()["results"]) == len(tasks) == 7


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_spreadsheet_is_read_in_what_programs_write(api: Api, encoding: str) -> None:
    data = "Subject\tDue\nCafé aufräumen\t31.12.2026\n".encode(encoding)
    report = send(api, "csv", data, "x.csv").json()
    [task] = api.get("tasks").json()["results"]
    assert (task["title"], task["due_date"]) == ("Café aufräumen", "2026-12-31")
    assert [error["line"] for error in report["errors"]] == ([1] if encoding == "cp1252" else [])


def test_dates_with_slashes_mean_what_the_file_shows_that_they_mean(api: Api) -> None:
    rows = b"title,due\na,03/04/2027\nb,12/31/2026\n"
    assert not send(api, "csv", rows, "x.csv").json()["errors"]
    assert {task["title"]: task["due_date"] for task in api.get("tasks").json()["results"]} == {
        "a": "2027-03-04",
        "b": "2026-12-31",
    }
    [error] = send(api, "csv", b"title,due\nc,03/04/2027\n", "x.csv").json()["errors"]
    assert (error["line"], "03/04/2027" in error["detail"]) == (2, True)


def zipped(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("VERSION", "1")
        archive.writestr(name, content)
    return stream.getvalue()


def test_vikunjas_zip_is_what_is_in_it(api: Api) -> None:
    data = (SAMPLES / "vikunja.json").read_bytes()
    assert send(api, "vikunja", data, "data.json").json()["created"] == 10
    assert send(api, "vikunja", zipped("data.json", data), "export.zip").json()["skipped"] == 10


def test_an_archive_that_unpacks_to_too_much_is_refused(api: Api) -> None:
    bomb = zipped("data.json", b"[" + b" " * 80_000_000 + b"]")
    assert len(bomb) < 100_000
    response = send(api, "vikunja", bomb, "export.zip")
    assert response.status_code == 400
    assert "64 MB" in response.json()["errors"][0]["detail"]


HOSTILE = [
    (
        "trello",
        b'{"name": 7, "lists": [null, {"id": []}], "cards": [1, {}, {"id": {}, "name": "ok", "due": "never", "pos"'
        b': 1e400, "idMembers": 5, "labels": "x", "attachments": [{"url": "javascript:alert(1)"}]}],'
        b' "actions": [{"type": "commentCard"}]}',
    ),
    (
        "vikunja",
        b'[{"title": [], "tasks": [3, {"id": "x", "title": "no"}, {"id": 1, "title": "ok", "priority": 99,'
        b' "due_date": "soon", "repeat_after": 1e999, "related_tasks": {"blocked": [{"id": 1}],'
        b' "parenttask": [{"id": 1}]}'
        b"}]}]",
    ),
    ("csv", b'title,id,parent\n,1,\nok,2,9\n"broken,3,\n'),
    (
        "ics",
        b"BEGIN:VCALENDAR\nBEGIN:VTODO\nDUE:20269999\nEND:VTODO\nBEGIN:VTODO\nSUMMARY:ok\nno content line\n"
        b"PRIORITY:-3\nDUE;TZID=No/Where:20261201T100000\nRRULE:FREQ=SECONDLY\nEND:VTODO\n"
        b"BEGIN:VTODO\nSUMMARY:open end",
    ),
]


@pytest.mark.parametrize(("source", "data"), HOSTILE, ids=[source for source, _ in HOSTILE])
def test_a_broken_record_loses_only_itself(api: Api, source: str, data: bytes) -> None:
    response = send(api, source, data, "x")
    assert response.status_code == 200, response.content
    assert len(response.json()["errors"]) >= 2
    titles = [task["title"] for task in api.get("tasks").json()["results"]]
    assert "ok" in titles
    assert len(titles) <= 2


def test_a_circle_of_parents_is_cut(api: Api) -> None:
    related = '"related_tasks": {"parenttask": [{"id": %d}]}'
    tasks = ",".join(f'{{"id": {n}, "title": "T{n}", {related % (n % 3 + 1)}}}' for n in (1, 2, 3))
    report = send(api, "vikunja", f'[{{"title": "P", "tasks": [{tasks}]}}]'.encode(), "x").json()
    assert (report["created"], len(report["errors"])) == (3, 1)
    assert sum(task["parent"] is None for task in api.get("tasks").json()["results"]) == 1


def test_a_key_gives_the_first_answer_again(api: Api) -> None:
    data = (SAMPLES / "tasks.csv").read_bytes()

    def post() -> Any:
        file = {"file": SimpleUploadedFile("x.csv", data)}
        return api.client.post("/api/v1/imports/csv", file, headers={"Idempotency-Key": "once"})

    first, second = post(), post()
    assert first.json() == second.json()
    assert (first.json()["created"], second.headers["Idempotency-Replayed"]) == (8, "true")
