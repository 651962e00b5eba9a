"""Projects put away, handed on and deleted, and the trash: what stays, what goes, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from taskflow.application import project_removal, schedule
from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import Event, Task, User
from tests.conftest import Api, FrozenClock, World


@pytest.fixture(autouse=True)
def _tasks(api: Api) -> None:
    api.post("tasks", {"title": "Secret plan", "project": "HOME", "labels": ["red"]})
    api.post("tasks", {"title": "Part", "project": "HOME", "parent": "HOME-1"})
    api.post("tasks", {"title": "Part of the part", "project": "HOME", "parent": "HOME-2"})


def test_an_archived_project_is_read_and_refuses_every_write(api: Api) -> None:
    comment = api.post("tasks/HOME-1/comments", {"body": "x"}).json()["id"]
    label = api.get("labels").json()["results"][0]["id"]
    assert api.post("projects/HOME/archive").json()["archived"] is True
    for method, path, body in (
        ("POST", "tasks", {"title": "x", "project": "HOME"}),
        ("PATCH", "tasks/HOME-1", {"title": "x"}),
        ("DELETE", "tasks/HOME-1", None),
        ("POST", "tasks/HOME-1/complete", None),
        ("POST", "tasks/HOME-1/reopen", None),
        ("POST", "tasks/HOME-1/move", {"project": "IN1"}),
        ("POST", "tasks/HOME-1/comments", {"body": "x"}),
        ("PATCH", f"tasks/HOME-1/comments/{comment}", {"body": "y"}),
        ("DELETE", f"tasks/HOME-1/comments/{comment}", None),
        ("POST", "tasks/HOME-1/priority-suggestions", None),
        ("POST", "labels", {"project": "HOME", "name": "new"}),
        ("PATCH", f"labels/{label}", {"color": "#ff0000"}),
        ("DELETE", f"labels/{label}", None),
    ):
        refused = api(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "archived"), f"{method} {path}"
    for path in ("tasks/HOME-1", "tasks/HOME-1/comments", "tasks/HOME-1/history", "projects/HOME"):
        assert api.get(path).status_code == 200
    assert api.get("projects?archived=true").json()["results"][0]["key"] == "HOME"


def test_a_project_is_taken_up_again_and_twice_is_no_error(api: Api) -> None:
    for verb, archived in (("archive", True), ("archive", True), ("unarchive", False), ("unarchive", False)):
        answer = api.post(f"projects/HOME/{verb}")
        assert (answer.status_code, answer.json()["archived"]) == (200, archived)
    assert api.get("projects/HOME").json()["version"] == 3
    assert api.patch("tasks/HOME-1", {"title": "y"}).status_code == 200


@pytest.mark.parametrize("way", ["verb", "field"])
def test_an_inbox_is_never_put_away(api: Api, world: World, way: str) -> None:
    path = f"projects/{world.ada.inbox.key}"
    refused = api.post(f"{path}/archive") if way == "verb" else api.patch(path, {"archived": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "inbox")


def test_a_project_is_handed_on_to_a_member_by_its_owner_alone(api: Api, bob_api: Api, world: World) -> None:
    assert api.post("projects/HOME/transfer", {"user": "bob"}).json()["errors"][0]["code"] == "not_found"
    world.join(world.home, world.bob, ProjectRole.ADMIN)
    assert bob_api.post("projects/HOME/transfer", {"user": "bob"}).status_code == 403
    assert bob_api.delete("projects/HOME").status_code == 403
    assert api.post("projects/HOME/transfer", {"user": "BOB"}).json()["role"] == "admin"
    assert bob_api.get("projects/HOME").json()["role"] == "owner"
    assert api.delete("projects/HOME").status_code == 403


def test_a_project_is_not_handed_on_by_a_stale_version_nor_to_somebody_who_cannot_sign_in(
    api: Api, world: World
) -> None:
    world.join(world.home, world.bob, ProjectRole.ADMIN)
    stale = api.post("projects/HOME/transfer", {"user": "bob"}, **{"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    User.objects.filter(pk=world.bob.pk).update(is_active=False)
    assert api.post("projects/HOME/transfer", {"user": "bob"}).json()["errors"][0]["code"] == "not_found"
    assert api.get("projects/HOME").json()["role"] == "owner"


def test_a_deleted_project_takes_its_tasks_and_what_the_log_said(
    api: Api, world: World, run_jobs: Callable[[], int], monkeypatch: Any
) -> None:
    monkeypatch.setattr(project_removal, "CHUNK", 2)
    api.post("tasks", {"title": "Elsewhere", "project": "IN1", "blocked_by": ["HOME-1"]})
    assert api.delete("projects/HOME").status_code == 204
    run_jobs()
    assert [task.title for task in Task.objects.all()] == ["Elsewhere"]
    assert api.get("tasks/HOME-1").status_code == api.get("projects/HOME").status_code == 404
    theirs = Event.objects.filter(stream__project_id=world.home.pk)
    assert theirs.count() == 4
    assert not theirs.exclude(data={}).exists()
    told = Event.objects.get(type="taskflow.project.deleted")
    assert told.data == {"id": str(world.home.pk), "key": "HOME", "name": "Home"}
    assert api.get("tasks/IN1-1").json()["blocked_by"] == []


def test_subtasks_come_back_with_their_task_but_not_what_was_trashed_before(clock: FrozenClock, api: Api) -> None:
    api.delete("tasks/HOME-3")
    clock.advance(minutes=1)
    api.delete("tasks/HOME-1")
    assert api.get("tasks/HOME-2").json()["deleted_at"]
    assert api.get("tasks?deleted=true&project=HOME").json()["results"][0]["deleted_at"]
    api.post("tasks/HOME-1/restore")
    assert [api.get(f"tasks/HOME-{n}").json()["deleted_at"] is None for n in (1, 2, 3)] == [True, True, False]
    assert api.get("tasks/HOME-2").json()["parent"] == api.get("tasks/HOME-1").json()["id"]


def test_a_part_that_is_restored_alone_stands_alone(clock: FrozenClock, api: Api) -> None:
    api.delete("tasks/HOME-1")
    restored = api.post("tasks/HOME-2/restore").json()
    assert (restored["deleted_at"], restored["parent"]) == (None, None)
    assert api.get("tasks/HOME-3").json()["deleted_at"] is None
    assert api.get("tasks/HOME-1").json()["deleted_at"]


def test_the_trash_keeps_for_thirty_days_to_the_second(
    clock: FrozenClock, api: Api, run_jobs: Callable[[], int]
) -> None:
    api.post("tasks/HOME-1/comments", {"body": "secret"})
    api.delete("tasks/HOME-1")
    for seconds, left in ((30 * 24 * 3600, 3), (1, 0)):
        clock.advance(seconds=seconds)
        schedule.run_due(clock.now())
        run_jobs()
        assert Task.objects.count() == left
    kept = Event.objects.filter(task_id__isnull=False)
    assert kept.exists()
    assert not kept.exclude(data={}).exists()
