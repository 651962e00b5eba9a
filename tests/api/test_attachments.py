"""Files on tasks over REST: in, out and away, for friend and foe."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application import attachments, ports
from taskflow.domain.permissions import ProjectRole
from taskflow.infrastructure.files import FolderStore
from taskflow.store.models import Attachment, Job
from tests.conftest import Api, FrozenClock, World
from tests.domain.test_file_types import EXE, PNG, zipped

PATH = "tasks/HOME-1/attachments"


@pytest.fixture(autouse=True)
def _task(api: Api) -> None:
    api.post("tasks", {"title": "Paint", "project": "HOME"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where contents lie."""
    ports.install(files=FolderStore(tmp_path / "attachments"))
    return tmp_path / "attachments"


def send(api: Api, name: str = "note.txt", content: bytes = b"Hello", kind: str = "", **headers: str) -> Any:
    file = SimpleUploadedFile(name, content, content_type=kind or "application/octet-stream")
    return api.client.post(f"/api/v1/{PATH}", {"file": file}, headers=headers)


def load(api: Api, url: str, **headers: str) -> Any:
    """A download, read to its end, as `body` of the answer."""
    got: Any = api.client.get(url, headers=headers)
    got.body = b"".join(got.streaming_content) if got.streaming else b""
    return got


def contents(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_file_goes_in_is_listed_comes_out_and_goes_away(api: Api, folder: Path) -> None:
    sent = send(api, "Größe.png", PNG, "image/png")
    assert sent.status_code == 201
    made = sent.json()
    assert (made["name"], made["size"], made["content_type"]) == ("Größe.png", len(PNG), "image/png")
    assert made["created_by"] == "ada"
    assert sent.headers["ETag"] == '"1"'
    assert api.client.get(sent.headers["Location"]).json() == made
    assert api.get(PATH).json() == {"results": [made], "next_cursor": None}

    got = load(api, made["url"])
    assert got.body == PNG
    assert got.headers["Content-Length"] == str(len(PNG))

    assert api.delete(f"{PATH}/{made['id']}").status_code == 204
    assert api.get(PATH).json()["results"] == []
    assert api.client.get(made["url"]).status_code == 404


def test_a_download_is_never_shown_or_run(api: Api) -> None:
    got = load(api, send(api, "Ж 1; x%0d.txt", b"Hello").json()["url"])
    assert got.headers["Content-Disposition"] == (
        "attachment; filename=\"_ 1; x_0d.txt\"; filename*=UTF-8''%D0%96%201%3B%20x%250d.txt"
    )
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert got.headers["Cache-Control"] == "private, no-cache"
    assert got.headers["Content-Type"] == "text/plain"


def test_a_client_that_has_the_content_gets_304(api: Api) -> None:
    url = send(api).json()["url"]
    first = load(api, url)
    tag = first.headers["ETag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        unchanged = api.client.get(url, headers={"If-None-Match": held})
        assert unchanged.status_code == 304
        assert unchanged.headers["Cache-Control"] == first.headers["Cache-Control"]
    other = load(api, url, **{"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_the_content_lies_under_a_random_name_that_only_its_owner_reads(api: Api, folder: Path) -> None:
    made = send(api, "../../../evil.txt", b"Hello").json()
    assert made["name"] == "evil.txt"
    [path] = contents(folder)
    assert path.read_bytes() == b"Hello"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(path.name) == 32
    assert path.name not in str(made)
    assert path == folder / path.name[:2] / path.name[2:4] / path.name


@pytest.mark.parametrize(
    ("name", "content", "kind", "code"),
    [
        ("a.png", zipped("x"), "image/png", "type_mismatch"),
        ("a.png", EXE, "image/png", "program"),
        ("x.pdf.exe", b"x", "application/pdf", "program"),
        ("a.html", b"<script>alert(1)</script>", "text/html", "active_content"),
        ("a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml", "active_content"),
        ("empty.txt", b"", "text/plain", "empty"),
    ],
)
def test_a_refused_file_is_named_and_leaves_nothing(
    api: Api, folder: Path, name: str, content: bytes, kind: str, code: str
) -> None:
    refused = send(api, name, content, kind)
    assert refused.status_code == 400
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [("file", code)]
    assert contents(folder) == []
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("form", [{}, {"other": "x"}, {"file": "no file"}])
def test_a_form_without_one_file_is_refused(api: Api, form: dict[str, str]) -> None:
    refused = api.client.post(f"/api/v1/{PATH}", form)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "file")


def test_two_files_unknown_fields_and_json_are_refused(api: Api) -> None:
    two = {"file": [SimpleUploadedFile("a.txt", b"x"), SimpleUploadedFile("b.txt", b"y")]}
    assert api.client.post(f"/api/v1/{PATH}", two).status_code == 400
    more = {"file": SimpleUploadedFile("a.txt", b"x"), "name": "b.txt"}
    assert api.client.post(f"/api/v1/{PATH}", more).json()["errors"][0]["field"] == "name"
    assert api.post(PATH, {"file": "x"}).status_code == 415


def test_a_body_over_ten_megabytes_is_too_large(api: Api, folder: Path) -> None:
    assert send(api, "big.bin", b"\x00" * (9 * 1024 * 1024)).status_code == 201
    refused = send(api, "bigger.bin", b"\x00" * (10 * 1024 * 1024))
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert len(contents(folder)) == 1


def test_a_task_and_a_project_hold_so_much(api: Api, settings: Any, folder: Path, monkeypatch: Any) -> None:
    settings.TASKFLOW = settings.TASKFLOW.model_copy(update={"attachments_mb": 1})
    assert send(api, "a.bin", b"\x00" * 1024 * 700).status_code == 201
    full = send(api, "b.bin", b"\x00" * 1024 * 700)
    assert (full.status_code, full.json()["code"]) == (409, "attachments_full")
    monkeypatch.setattr(attachments, "MOST_A_TASK", 2)
    assert send(api).status_code == 201
    assert send(api).json()["code"] == "attachments_full"
    assert len(contents(folder)) == 2


@pytest.mark.parametrize("by", ["move", "patch", "bulk"])
def test_a_task_moves_only_where_its_files_fit(api: Api, settings: Any, folder: Path, by: str) -> None:
    settings.TASKFLOW = settings.TASKFLOW.model_copy(update={"attachments_mb": 1})
    api.post("projects", {"name": "Full", "key": "FULL"})
    api.post("tasks", {"title": "There", "project": "FULL"})
    api.post("tasks", {"title": "Part", "project": "HOME", "parent": "HOME-1"})

    def attach(task: str, kilobytes: int) -> None:
        file = SimpleUploadedFile("a.bin", b"\0" * 1024 * kilobytes)
        assert api.client.post(f"/api/v1/tasks/{task}/attachments", {"file": file}).status_code == 201

    def move() -> Any:
        if by == "move":
            return api.post("tasks/HOME-1/move", {"project": "FULL"})
        if by == "patch":
            return api.patch("tasks/HOME-1", {"project": "FULL", "title": "Moved"})
        return api.post("tasks/bulk", {"operations": [{"op": "update", "task": "HOME-1", "project": "FULL"}]})

    attach("FULL-1", 600)
    # Each alone would fit; both go together.
    attach("HOME-1", 300)
    attach("HOME-2", 300)
    before = [api.get(f"tasks/{key}").json() for key in ("HOME-1", "HOME-2")]
    refused = move()
    if by == "bulk":
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "attachments_full")
    else:
        assert (refused.status_code, refused.json()["code"]) == (409, "attachments_full")
        assert "0.4 of its 1 MB left" in refused.json()["detail"]
    assert [api.get(f"tasks/{key}").json() for key in ("HOME-1", "HOME-2")] == before
    [there] = api.get("tasks/FULL-1/attachments").json()["results"]
    api.delete(f"tasks/FULL-1/attachments/{there['id']}")
    assert move().status_code == 200
    assert {task["key"] for task in api.get("tasks?project=FULL").json()["results"]} == {"FULL-1", "FULL-2", "FULL-3"}


def test_a_full_disk_is_told_and_leaves_nothing(api: Api, folder: Path, monkeypatch: Any) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("taskflow.infrastructure.files.os.fsync", full)
    refused = send(api)
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    assert contents(folder) == []


def test_viewers_read_members_write_and_admins_take_away(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.VIEWER)
    ours = send(api).json()
    assert bob_api.get(PATH).json()["results"] == [ours]
    got = load(bob_api, ours["url"])
    assert got.status_code == 200
    assert send(bob_api).status_code == 403
    api.patch("projects/HOME/members/bob", {"role": "member"})
    theirs = send(bob_api, "bobs.txt").json()
    assert bob_api.delete(f"{PATH}/{ours['id']}").status_code == 403
    assert bob_api.delete(f"{PATH}/{theirs['id']}").status_code == 204
    again = send(bob_api, "bobs.txt").json()
    assert api.delete(f"{PATH}/{again['id']}").status_code == 204
    api.delete("projects/HOME/members/bob")
    for path in (PATH, f"{PATH}/{ours['id']}", f"{PATH}/{ours['id']}/download"):
        assert bob_api.get(path).status_code == 404


def test_a_file_is_not_reached_through_another_task(api: Api) -> None:
    made = send(api).json()
    api.post("tasks", {"title": "Other", "project": "HOME"})
    assert api.get(f"tasks/HOME-2/attachments/{made['id']}/download").status_code == 404
    assert api.delete(f"tasks/HOME-2/attachments/{made['id']}").status_code == 404


def test_a_trashed_task_and_an_archived_project_take_and_lose_no_files(api: Api, folder: Path) -> None:
    made = send(api).json()
    api.delete("tasks/HOME-1")
    assert send(api).json()["code"] == "trashed"
    assert api.delete(f"{PATH}/{made['id']}").json()["code"] == "trashed"
    assert api.get(PATH).json()["results"] == [made]
    api.post("tasks/HOME-1/restore")
    api.post("projects/HOME/archive")
    assert send(api).json()["code"] == "archived"
    assert api.delete(f"{PATH}/{made['id']}").json()["code"] == "archived"
    assert len(contents(folder)) == 1


def test_the_history_tells_who_attached_and_removed_what(api: Api) -> None:
    made = send(api).json()
    api.delete(f"{PATH}/{made['id']}")
    told = [e for e in api.get("tasks/HOME-1/history").json()["results"] if "attachment" in e["data"]]
    assert [(e["type"], e["actor"], e["data"]["changes"]["attachments"]) for e in told] == [
        ("taskflow.task.updated", "ada", {"from": None, "to": "note.txt"}),
        ("taskflow.task.updated", "ada", {"from": "note.txt", "to": None}),
    ]


def test_a_version_that_is_not_meant_is_left_alone(api: Api) -> None:
    made = send(api).json()
    assert api.delete(f"{PATH}/{made['id']}", **{"If-Match": '"7"'}).status_code == 412
    assert api.delete(f"{PATH}/{made['id']}", **{"If-Match": '"1"'}).status_code == 204


def test_a_repeated_request_attaches_once_and_keeps_one_content(api: Api, folder: Path) -> None:
    key: Any = {"Idempotency-Key": "k"}
    first, again = (send(api, **key) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert len(contents(folder)) == Attachment.objects.count() == 1
    assert send(api, content=b"Other", **key).status_code == 422


def test_a_list_costs_the_same_whatever_its_length(api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            api.get(f"{PATH}?limit=200")
        return len(queries)

    send(api)
    one = count()
    for number in range(5):
        send(api, f"{number}.txt")
    assert count() == one
    page = api.get(f"{PATH}?limit=4").json()
    rest = api.get(f"{PATH}?limit=4&cursor={page['next_cursor']}").json()
    assert [f["name"] for f in page["results"] + rest["results"]] == ["note.txt", *(f"{n}.txt" for n in range(5))]


def test_a_lost_content_is_told_and_logged(api: Api, folder: Path, caplog: Any) -> None:
    made = send(api).json()
    contents(folder)[0].unlink()
    lost = api.client.get(made["url"])
    assert (lost.status_code, "backup" in lost.json()["detail"]) == (404, True)
    assert made["id"] in caplog.text


def test_a_deleted_files_content_goes_an_hour_later(
    api: Api, folder: Path, clock: FrozenClock, run_jobs: Callable[[], int]
) -> None:
    api.delete(f"{PATH}/{send(api).json()['id']}")
    run_jobs()
    assert len(contents(folder)) == 1
    clock.advance(hours=1)
    run_jobs()
    assert contents(folder) == []
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.parametrize("deed", ["project", "account", "trash"])
def test_contents_go_with_what_they_belong_to(
    api: Api, world: World, folder: Path, clock: FrozenClock, run_jobs: Callable[[], int], deed: str
) -> None:
    from taskflow.application import schedule

    kept = Api(world.bob)
    kept.post("tasks", {"title": "Stays", "project": "WORK"})
    file = SimpleUploadedFile("stays.txt", b"Stays")
    kept.client.post("/api/v1/tasks/WORK-1/attachments", {"file": file})
    send(api)
    if deed == "project":
        api.delete("projects/HOME")
    elif deed == "account":
        api.delete("me")
    else:
        api.delete("tasks/HOME-1")
        clock.advance(days=30, seconds=1)
        schedule.run_due(clock.now())
        run_jobs()
    clock.advance(hours=1)
    run_jobs()
    assert [path.read_bytes() for path in contents(folder)] == [b"Stays"]
    assert Attachment.objects.count() == 1


def test_an_upload_in_chunks_of_a_temporary_file_is_whole(api: Api, folder: Path) -> None:
    content = b"\x00" + bytes(range(256)) * 12_000
    made = send(api, "large.bin", content).json()
    assert load(api, made["url"]).body == content
