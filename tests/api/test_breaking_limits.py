"""Small cracks: whose words a comment holds, tokens that outgrow their limit, lost jobs, signs without words."""

from collections.abc import Callable
from typing import Any

import pytest

from taskflow.application.access import require_scope
from taskflow.domain.permissions import Action, Actor, ProjectRole
from taskflow.interfaces.api import endpoint
from taskflow.store.models import Job, User
from taskflow.store.models.jobs import JobState
from tests.conftest import PASSWORD, Api, World

Run = Callable[[], int]


def make(api: Api, title: str, **fields: Any) -> str:
    response = api.post("tasks", {"title": title, "project": "HOME"} | fields)
    assert response.status_code == 201, response.content
    key: str = response.json()["key"]
    return key


def test_nobody_puts_words_into_anothers_mouth(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    path = f"tasks/{make(api, 'Talk')}/comments"
    comment = bob_api.post(path, {"body": "I object."}).json()
    assert api.patch(f"{path}/{comment['id']}", {"body": "I agree."}).status_code == 403
    assert bob_api.get(f"{path}/{comment['id']}").json()["body"] == "I object."
    assert api.delete(f"{path}/{comment['id']}").status_code == 204


def test_a_token_that_is_limited_to_projects_makes_none_that_it_cannot_see(api: Api, world: World) -> None:
    wish = {"username": "ada", "password": PASSWORD, "name": "narrow", "projects": ["HOME"]}
    token = Api(None).post("auth/tokens", wish).json()["token"]
    narrow = Api(None, authorization=f"Bearer {token}")
    refused = narrow.post("projects", {"name": "Beyond"})
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert len(narrow.get("projects").json()["results"]) == 1


def test_asking_again_revives_a_suggestion_whose_job_is_dead(api: Api, run_jobs: Run) -> None:
    task = make(api, "Pay the rent")
    asked = api.post(f"tasks/{task}/priority-suggestions").json()
    Job.objects.update(state=JobState.DEAD)
    again = api.post(f"tasks/{task}/priority-suggestions").json()
    assert again["id"] == asked["id"]
    run_jobs()
    assert api.get(f"priority-suggestions/{asked['id']}").json()["state"] == "pending"


def test_asking_twice_while_one_is_queued_files_one_job(api: Api) -> None:
    task = make(api, "Pay the rent")
    for _ in range(3):
        api.post(f"tasks/{task}/priority-suggestions")
    assert Job.objects.filter(kind="suggestion.advise").count() == 1


def test_a_batch_ends_though_the_project_of_some_of_its_tasks_is_deleted(api: Api, run_jobs: Run) -> None:
    api.post("projects", {"name": "Doomed", "key": "DOOMED"})
    doomed = api.post("tasks", {"title": "Gone soon", "project": "DOOMED"}).json()["key"]
    batch = api.post("priority-suggestions/bulk", {"tasks": [make(api, "Stays"), doomed]}).json()["batch"]
    api.delete("projects/DOOMED")
    run_jobs()
    progress = api.get(f"priority-suggestions/batches/{batch}").json()
    assert (progress["total"], progress["done"], len(progress["results"])) == (2, 2, 1)


def test_an_archived_project_gets_no_batch_that_could_not_be_decided(api: Api) -> None:
    task = make(api, "Put away")
    api.post("projects/HOME/archive")
    for body in ({"project": "HOME"}, {"tasks": [task]}):
        refused = api.post("priority-suggestions/bulk", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "archived")


def test_a_search_for_signs_alone_finds_nothing_and_not_everything(api: Api) -> None:
    make(api, "🎉 party")
    for text in ("🎉", "%25", "*", "--"):
        assert api.get(f"tasks?q={text}").json()["results"] == []
    assert len(api.get("tasks?q=").json()["results"]) == 1
    assert len(api.get("tasks?q=🎉 party").json()["results"]) == 1


def test_advice_does_not_outlive_the_names_that_it_was_judged_by(api: Api, run_jobs: Run) -> None:
    whole = make(api, "Move house")
    part = make(api, "Pack boxes", parent=whole)
    for path, fields in ((f"tasks/{whole}", {"title": "Move nothing"}), ("projects/HOME", {"name": "Household"})):
        asked = api.post(f"tasks/{part}/priority-suggestions").json()
        run_jobs()
        assert api.get(f"priority-suggestions/{asked['id']}").json()["state"] == "pending"
        assert api.patch(path, fields).status_code == 200
        assert api.get(f"priority-suggestions/{asked['id']}").json()["state"] == "stale"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "me", None),
        ("PATCH", "me", {"timezone": "Europe/Berlin"}),
        ("POST", "tasks", {"title": "x"}),
        ("POST", "filters", {"name": "x", "expression": "overdue"}),
    ],
)
def test_a_request_of_an_account_that_is_deleted_meanwhile_is_answered_401(
    api: Api, world: World, method: str, path: str, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = require_scope

    def delete_before_the_handler(actor: Actor, action: Action) -> None:
        found(actor, action)
        User.objects.get(pk=world.ada.pk).delete()

    monkeypatch.setattr(endpoint, "require_scope", delete_before_the_handler)
    assert api(method, path, body).status_code == 401


def test_a_zone_that_this_machine_does_not_know_stops_no_list_and_no_suggestion(world: World, run_jobs: Run) -> None:
    User.objects.filter(pk=world.ada.pk).update(timezone="Mars/Olympus")
    api = Api(User.objects.get(pk=world.ada.pk))
    for query in ("due_before=2026-12-01", "due_after=2026-12-01", "filter=due%20%3D%20today"):
        assert api.get(f"tasks?{query}").status_code == 200
    task = make(api, "Pay the rent")
    asked = api.post(f"tasks/{task}/priority-suggestions").json()
    run_jobs()
    assert api.get(f"priority-suggestions/{asked['id']}").json()["state"] == "pending"
