"""Projects, members and labels over REST."""

from typing import Any

import pytest

from taskflow.domain.permissions import ProjectRole
from tests.conftest import Api, World


@pytest.mark.parametrize(
    ("name", "key"),
    [("Garden club", "GARDENCLUB"), ("Home", "HOME2"), ("Größe", "GROE"), ("日本", "P1"), ("1", "P1"), ("x", "X1")],
)
def test_a_key_is_derived_from_the_name_and_numbered_when_taken(api: Api, name: str, key: str) -> None:
    assert api.post("projects", {"name": name}).json()["key"] == key


def test_a_key_that_somebody_has_is_refused(api: Api, bob_api: Api) -> None:
    taken = bob_api.post("projects", {"name": "Mine", "key": "home"})
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")
    assert api.post("projects", {"name": "x", "key": "A B"}).json()["errors"][0]["field"] == "key"


def test_every_field_comes_back_as_it_was_set(api: Api) -> None:
    fields = {
        "name": "Garden",
        "key": "GRN",
        "description": "Beds and *bulbs*",
        "color": "#00aa00",
        "default_priority": "low",
        "auto_suggest": "on_create",
        "auto_apply_confidence": 0.9,
        "remote_models_allowed": True,
        "urgency_weights": {"due": 80.0},
    }
    made = api.post("projects", fields)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in fields} == fields
    assert made.json()["role"] == "owner"
    assert api.get("projects/grn").json() == made.json()
    assert api.post("tasks", {"title": "Weed", "project": "GRN"}).json()["priority"] == "low"


def test_a_wrong_weight_is_named(api: Api) -> None:
    refused = api.patch("projects/HOME", {"urgency_weights": {"colour": 3}})
    assert refused.status_code == 400
    assert "colour" in refused.json()["errors"][0]["field"]


def test_a_new_key_leaves_the_old_one_working(api: Api) -> None:
    task = api.post("tasks", {"title": "Weed", "project": "HOME"}).json()
    assert api.patch("projects/HOME", {"key": "HAUS"}).json()["key"] == "HAUS"
    assert api.get("projects/HOME").json()["key"] == "HAUS"
    assert api.get(f"tasks/{task['key']}").json()["key"] == "HAUS-1"
    assert api.post("projects", {"name": "x", "key": "HOME"}).json()["code"] == "key_taken"
    assert api.patch("projects/HAUS", {"key": "HOME"}).json()["key"] == "HOME"


def test_weights_change_the_stored_urgency(api: Api, run_jobs: Any) -> None:
    api.post("tasks", {"title": "Weed", "project": "HOME", "priority": "urgent"})
    before = api.get("tasks/HOME-1").json()["urgency"]["score"]
    api.patch("projects/HOME", {"urgency_weights": {"priority": 100.0, "due": 0.0}})
    run_jobs()
    assert api.get("tasks/HOME-1").json()["urgency"]["score"] > before + 20


def test_members_come_change_and_go(api: Api, bob_api: Api) -> None:
    added = api.post("projects/HOME/members", {"user": "BOB", "role": "viewer"})
    assert (added.status_code, added.json()["user"]) == (201, "bob")
    assert api.post("projects/HOME/members", {"user": "bob", "role": "viewer"}).json()["code"] == "already_member"
    assert api.post("projects/HOME/members", {"user": "eve", "role": "viewer"}).json()["errors"][0]["field"] == "user"
    assert [m["user"] for m in bob_api.get("projects/HOME/members").json()["results"]] == ["ada", "bob"]
    assert api.patch("projects/HOME/members/bob", {"role": "member"}).json()["role"] == "member"
    assert bob_api.post("tasks", {"title": "x", "project": "HOME"}).status_code == 201
    assert bob_api.delete("projects/HOME/members/bob").status_code == 204
    assert bob_api.get("projects/HOME").status_code == 404


def test_the_last_owner_stays(api: Api) -> None:
    for answer in (
        api.delete("projects/HOME/members/ada"),
        api.patch("projects/HOME/members/ada", {"role": "admin"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")


def test_an_owner_who_cannot_sign_in_does_not_count(api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.OWNER)
    world.bob.is_active = False
    world.bob.save()
    assert api.delete("projects/HOME/members/ada").json()["code"] == "last_owner"
    assert api.delete("projects/HOME/members/bob").status_code == 204


def test_nobody_rises_above_the_one_who_lifts(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.ADMIN)
    assert bob_api.patch("projects/HOME/members/bob", {"role": "owner"}).status_code == 403
    assert bob_api.delete("projects/HOME/members/ada").status_code == 403


def test_a_project_changes_hands(api: Api, bob_api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    assert api.post("projects/HOME/transfer", {"user": "bob"}).json()["role"] == "admin"
    assert bob_api.get("projects/HOME").json()["role"] == "owner"
    assert api.delete("projects/HOME").status_code == 403
    assert bob_api.delete("projects/HOME").status_code == 204
    assert bob_api.get("projects/HOME").status_code == 404


def test_who_leaves_is_no_longer_assigned(api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    api.post("tasks", {"title": "Weed", "project": "HOME", "assignees": ["bob"]})
    api.delete("projects/HOME/members/bob")
    assert api.get("tasks/HOME-1").json()["assignees"] == []


def test_an_inbox_is_its_owners_for_good(api: Api) -> None:
    for answer in (
        api.delete("projects/IN1"),
        api.post("projects/IN1/archive"),
        api.post("projects/IN1/members", {"user": "bob", "role": "viewer"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "inbox")


def test_a_stale_version_of_a_project_is_refused(api: Api) -> None:
    etag = api.get("projects/HOME").headers["ETag"]
    api.patch("projects/HOME", {"description": "a"}, **{"If-Match": etag})
    assert api.patch("projects/HOME", {"description": "b"}, **{"If-Match": etag}).status_code == 412
    assert api.delete("projects/HOME", **{"If-Match": etag}).status_code == 412


def test_labels_are_one_name_whatever_the_case(api: Api) -> None:
    label = api.post("labels", {"project": "HOME", "name": "Money", "color": "#aa0000"}).json()
    assert api.post("labels", {"project": "HOME", "name": "money"}).json()["code"] == "label_taken"
    task = api.post("tasks", {"title": "x", "project": "HOME", "labels": ["MONEY", "new"]}).json()
    assert task["labels"] == ["Money", "new"]
    api.patch(f"labels/{label['id']}", {"name": "Cash"})
    after = api.get(f"tasks/{task['id']}").json()
    assert after["labels"] == ["Cash", "new"]
    assert after["version"] == task["version"] + 1
    assert api.delete(f"labels/{label['id']}").status_code == 204
    assert api.get(f"tasks/{task['id']}").json()["labels"] == ["new"]
    assert [row["name"] for row in api.get("labels?project=home").json()["results"]] == ["new"]


def test_a_list_of_projects_costs_the_same_for_one_and_for_many(api: Api, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        api.post("projects", {"name": f"Project {number}"})
    with django_assert_max_num_queries(5):
        assert len(api.get("projects").json()["results"]) == 22
