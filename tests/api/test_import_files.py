"""Files out of TaskFlow's own export: in, once, checked as uploads are, and nothing lost over one that is refused."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from taskflow.application import attachments, import_files, ports
from taskflow.domain.importers import archives
from taskflow.infrastructure.files import FolderStore
from taskflow.store.models import Attachment, ImportedRecord
from tests.conftest import Api
from tests.domain.test_file_types import EXE, PNG

GARDEN = str(UUID(int=7))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    ports.install(files=FolderStore(tmp_path / "attachments"))
    return tmp_path / "attachments"


def archive(*tasks: Mapping[str, bytes], leave_out: str = "", number: int = 100) -> bytes:
    """An export whose tasks T1, T2, … of the project Garden have these files, with ids after `number`."""
    documents, contents = [], {}
    for place, files in enumerate(tasks, start=1):
        held = []
        for name, content in files.items():
            number += 1
            made = {"id": str(UUID(int=number)), "name": name, "content_type": "", "size": len(content)}
            held.append({**made, "created_at": "2026-11-01T08:00:00Z"})
            contents[f"files/{made['id']}/{name}"] = content
        documents.append({"id": str(UUID(int=place)), "title": f"T{place}", "project": GARDEN, "attachments": held})
    export = {"format": "taskflow-export", "version": 1, "projects": [{"id": GARDEN, "name": "Garden"}]}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("export.json", json.dumps({**export, "tasks": documents}))
        for name, content in contents.items():
            if not leave_out or leave_out not in name:
                packed.writestr(name, content)
    return stream.getvalue()


def send(api: Api, data: bytes, query: str = "") -> dict[str, Any]:
    answer = api.client.post(f"/api/v1/imports/taskflow{query}", {"file": SimpleUploadedFile("x.zip", data)})
    assert answer.status_code == 200, answer.content
    report: dict[str, Any] = answer.json()
    return report


def bring_in(api: Api, data: bytes) -> dict[str, Any]:
    """An import after its dry run, which says the same and changes nothing."""
    before = Attachment.objects.count(), ImportedRecord.objects.count()
    dry = send(api, data, "?dry_run=true")
    assert (Attachment.objects.count(), ImportedRecord.objects.count()) == before
    report = send(api, data)
    assert report == dry
    return report


def names(api: Api, title: str) -> list[str]:
    [task] = [task for task in api.get("tasks").json()["results"] if task["title"] == title]
    return [file["name"] for file in api.get(f"tasks/{task['id']}/attachments").json()["results"]]


def test_files_come_with_their_tasks_and_their_contents(api: Api) -> None:
    report = bring_in(api, archive({"plan.txt": b"Beans", "bed.png": PNG}, {}, {"list.txt": b"Peas"}))
    assert report == {"created": 3, "skipped": 0, "files": 3, "errors": []}
    assert (names(api, "T1"), names(api, "T2"), names(api, "T3")) == (["plan.txt", "bed.png"], [], ["list.txt"])
    [task] = [task for task in api.get("tasks").json()["results"] if task["title"] == "T1"]
    [plan, bed] = api.get(f"tasks/{task['id']}/attachments").json()["results"]
    assert (bed["content_type"], bed["created_by"], bed["created_at"]) == ("image/png", "ada", "2026-11-01T08:00:00Z")
    got: Any = api.client.get(plan["url"])
    assert b"".join(got.streaming_content) == b"Beans"


def test_again_adds_nothing_nor_what_was_taken_off_since(api: Api) -> None:
    data = archive({"plan.txt": b"Beans", "bed.png": PNG})
    bring_in(api, data)
    Attachment.objects.get(name="plan.txt").delete()
    assert bring_in(api, data) == {"created": 0, "skipped": 1, "files": 0, "errors": []}
    assert names(api, "T1") == ["bed.png"]


def test_an_import_that_was_cut_short_brings_the_files_that_are_missing(api: Api) -> None:
    whole, part = archive({"plan.txt": b"Beans"}, {"list.txt": b"Peas"}), archive({"plan.txt": b"Beans"})
    bring_in(api, part)
    assert bring_in(api, whole) == {"created": 1, "skipped": 1, "files": 1, "errors": []}
    ImportedRecord.objects.filter(external_id__startswith="file:").first().delete()  # type: ignore[union-attr]
    Attachment.objects.filter(name="plan.txt").delete()
    assert bring_in(api, whole)["files"] == 1
    assert (names(api, "T1"), names(api, "T2")) == (["plan.txt"], ["list.txt"])


def test_a_task_in_the_trash_takes_no_files(api: Api) -> None:
    bring_in(api, archive({}))
    [task] = [task for task in api.get("tasks").json()["results"] if task["title"] == "T1"]
    api.delete(f"tasks/{task['id']}")
    assert bring_in(api, archive({"plan.txt": b"Beans"}))["files"] == 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("run.txt", EXE, "program"),
        ("page.html", b"<script>", "script"),
        ("bed.png", b"no picture", "png"),
        ("empty.txt", b"", "empty"),
        ("large.bin", b"\0" * 5_000, "larger"),
    ],
)
def test_a_file_that_no_upload_may_be_is_a_line_and_loses_only_itself(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, says: str
) -> None:
    monkeypatch.setattr(import_files, "MOST_BYTES", 4_000)
    report = bring_in(api, archive({"plan.txt": b"Beans"}, {name: content, "list.txt": b"Peas"}))
    assert (report["created"], report["files"]) == (2, 2)
    [error] = report["errors"]
    assert error["line"] == 2
    assert error["detail"].startswith(f'The file "{name}" was left out: ')
    assert says in error["detail"].lower()
    assert names(api, "T2") == ["list.txt"]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2


def test_a_file_that_is_not_in_the_archive_or_is_damaged_is_a_line(api: Api) -> None:
    data = archive({"plan.txt": b"Beans", "list.txt": b"Peas"}, leave_out="list")
    [error] = bring_in(api, data)["errors"]
    assert 'The file "list.txt" is not in the archive' in error["detail"]
    noise = bytes(range(256))
    broken = bytearray(archive({"noise.bin": noise, "fine.txt": b"Peas"}, number=200))
    at = broken.index(b"noise.bin") + 40
    broken[at : at + 20] = b"\xff" * 20
    report = send(api, bytes(broken), "?dry_run=true")
    assert ("damaged" in report["errors"][0]["detail"], report["files"]) == (True, 1)


def test_a_full_project_and_a_full_task_are_lines(api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TASKFLOW = settings.TASKFLOW.model_copy(update={"attachments_mb": 1})
    large = b"\0" * 700 * 1024
    report = bring_in(api, archive({"a.bin": large, "b.bin": large}, {"c.txt": b"c"}))
    assert (report["files"], [error["line"] for error in report["errors"]]) == (2, [1])
    assert "1 MB" in report["errors"][0]["detail"]
    assert names(api, "T1") == ["a.bin"]
    # The same for tasks that are here: the file that was refused is asked for again, and there still is no room.
    assert bring_in(api, archive({"a.bin": large, "b.bin": large}, {"c.txt": b"c"}))["files"] == 0
    monkeypatch.setattr(attachments, "MOST_A_TASK", 1)
    other = archive({}, {}, {"d.txt": b"d", "e.txt": b"e"}, number=200)
    report = bring_in(api, other)
    assert (report["created"], report["files"], [error["line"] for error in report["errors"]]) == (1, 1, [3])


def test_an_archive_of_nothing_but_air_is_not_unpacked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 10_000)
    air = {f"{number}.bin": b"\0" * 4_000 for number in range(4)}
    report = bring_in(api, archive(air))
    assert (report["files"], len(report["errors"])) == (2, 2)


def test_its_own_account_has_the_files_already(api: Api) -> None:
    task = api.post("tasks", {"title": "Mine"}).json()
    file = SimpleUploadedFile("notes.txt", b"In the file", "text/plain")
    api.client.post(f"/api/v1/tasks/{task['id']}/attachments", {"file": file})
    answer: Any = api.get("export?format=zip")
    report = bring_in(api, b"".join(answer.streaming_content))
    assert report == {"created": 0, "skipped": 1, "files": 0, "errors": []}
    assert names(api, "Mine") == ["notes.txt"]
