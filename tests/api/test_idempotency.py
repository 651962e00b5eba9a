"""`Idempotency-Key` over REST."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client

from taskflow.application import ports
from taskflow.application.tokens import Wish, create_token
from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import IdempotencyRecord, Task
from tests.conftest import Api, FrozenClock, World

KEY = {"Idempotency-Key": "k1"}


def test_a_repeat_gets_the_first_answer_and_makes_nothing(api: Api) -> None:
    first = api.post("tasks", {"title": "Pay rent"}, **KEY)
    again = api.post("tasks", {"title": "Pay rent"}, **KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Task.objects.count() == 1


def test_the_order_of_names_in_a_body_makes_no_difference(api: Api) -> None:
    first = api.client.post("/api/v1/tasks", '{"title": "x", "priority": "low"}', "application/json", headers=KEY)
    again = api.client.post("/api/v1/tasks", '{"priority":"low","title":"x"}', "application/json", headers=KEY)
    assert again.json() == first.json()
    assert Task.objects.count() == 1


def test_another_body_with_the_same_key_is_refused(api: Api) -> None:
    api.post("tasks", {"title": "Pay rent"}, **KEY)
    other = api.post("tasks", {"title": "Sell house"}, **KEY)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert other.headers["Content-Type"] == "application/problem+json"
    assert Task.objects.count() == 1


def test_a_key_belongs_to_one_person_method_and_path(api: Api, bob_api: Api) -> None:
    task = api.post("tasks", {"title": "x"}, **KEY).json()
    assert "Idempotency-Replayed" not in bob_api.post("tasks", {"title": "x"}, **KEY).headers
    assert api.post("projects", {"name": "x"}, **KEY).status_code == 201
    assert api.patch(f"tasks/{task['id']}", {"title": "y"}, **KEY).json()["title"] == "y"
    assert api.patch(f"tasks/{task['id']}", {"title": "z"}, **KEY).json()["title"] == "z"


def test_a_slash_at_the_end_is_the_same_path(api: Api) -> None:
    first = api.post("tasks", {"title": "x"}, **KEY)
    assert api.post("tasks/", {"title": "x"}, **KEY).json() == first.json()


def test_a_refused_request_does_not_use_up_its_key(api: Api) -> None:
    assert api.post("tasks", {"title": "x", "project": "NOPE"}, **KEY).status_code == 400
    assert api.post("tasks", {"title": "x", "blocked_by": ["NOPE-1"]}, **KEY).status_code == 400
    assert IdempotencyRecord.objects.count() == 0
    made = api.post("tasks", {"title": "x"}, **KEY)
    assert made.status_code == 201
    assert "Idempotency-Replayed" not in made.headers


def test_a_request_that_fails_half_way_leaves_neither_task_nor_key(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise IntegrityError("the disk is full")

    api.client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("taskflow.interfaces.api.idempotency._keep", fail)
        assert api.post("tasks", {"title": "x"}, **KEY).status_code == 500
    assert Task.objects.count() == 0
    assert api.post("tasks", {"title": "x"}, **KEY).status_code == 201


def test_a_key_lasts_a_day(api: Api, clock: FrozenClock) -> None:
    first = api.post("tasks", {"title": "x"}, **KEY).json()
    clock.advance(hours=23, minutes=59)
    assert api.post("tasks", {"title": "x"}, **KEY).json() == first
    clock.advance(minutes=2)
    assert api.post("tasks", {"title": "y"}, **KEY).json()["title"] == "y"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\tb", "a\x7f", "ä"])
def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str) -> None:
    response = api.post("tasks", {"title": "x"}, **{"Idempotency-Key": key})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert Task.objects.count() == 0


def test_a_repeated_verb_is_answered_as_it_was(api: Api) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    first = api.post(f"tasks/{task['id']}/complete", **KEY)
    api.post(f"tasks/{task['id']}/reopen")
    again = api.post(f"tasks/{task['id']}/complete", **KEY)
    assert again.json() == first.json()
    assert api.get(f"tasks/{task['id']}").json()["status"] == "todo"


def test_a_repeat_names_the_same_suggestion(api: Api, run_jobs: Callable[[], int]) -> None:
    task = api.post("tasks", {"title": "x"}).json()
    first = api.post(f"tasks/{task['id']}/priority-suggestions", **KEY).json()
    run_jobs()
    again = api.post(f"tasks/{task['id']}/priority-suggestions", **KEY, Prefer="wait=1")
    assert (again.status_code, again.json()["id"], again.json()["state"]) == (200, first["id"], "pending")
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_upload_is_known_by_its_content_and_by_its_name(api: Api) -> None:
    def send(text: str, name: str, query: str = "") -> Any:
        file = SimpleUploadedFile(name, f"TYPE,CONTENT\ntask,{text}\n".encode())
        return api.client.post(f"/api/v1/imports/todoist{query}", {"file": file}, headers=KEY)

    first = send("Pay rent", "Home.csv")
    assert first.status_code == 200, first.content
    assert send("Pay rent", "Home.csv").headers["Idempotency-Replayed"] == "true"
    for other in (
        send("Sell house", "Home.csv"),
        send("Pay rent", "Work.csv"),
        send("Pay rent", "Home.csv", "?dry_run=true"),
    ):
        assert other.status_code == 422


def test_a_narrow_token_gets_no_answer_that_a_wide_one_was_given(api: Api, world: World) -> None:
    shown = api.post("tasks", {"title": "x", "project": "HOME"}, **KEY)
    assert shown.status_code == 201
    other = api.post("projects", {"name": "Other"}).json()
    actor = world.ada.as_actor()
    _, secret = create_token(actor, Wish("narrow", (), (other["id"],), None), made_with=None)
    narrow = Client(headers={"Authorization": f"Bearer {secret}"} | KEY)
    response = narrow.post("/api/v1/tasks", {"title": "x", "project": "HOME"}, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "not_found"


def test_an_answer_with_a_secret_is_never_kept(api: Api) -> None:
    first = api.post("auth/tokens", {"name": "script"}, **KEY).json()
    second = api.post("auth/tokens", {"name": "script"}, **KEY).json()
    assert first["token"] != second["token"]
    assert IdempotencyRecord.objects.count() == 0


def test_losing_the_role_loses_the_verb_too(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    task = api.post("tasks", {"title": "x", "project": "HOME"}).json()
    assert bob_api.post(f"tasks/{task['id']}/complete", **KEY).status_code == 200
    assert api.delete("projects/HOME/members/bob").status_code == 204
    assert bob_api.post(f"tasks/{task['id']}/complete", **KEY).status_code == 404


def test_records_know_when_they_were_made(api: Api) -> None:
    before = ports.now()
    api.post("tasks", {"title": "x"}, **KEY)
    record = IdempotencyRecord.objects.get()
    assert before <= record.created_at <= before + timedelta(minutes=1)
    assert "k1" not in record.key
