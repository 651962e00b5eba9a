"""Wishes to hear of a task: each person's own, for them alone, and nothing else makes one."""

from typing import Any

import pytest

from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import TaskWatch
from tests.conftest import Api, World


@pytest.fixture
def task(api: Api, world: World) -> dict[str, Any]:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    made: dict[str, Any] = api.post("tasks", {"title": "Paint", "project": "HOME", "assignees": ["bob"]}).json()
    return made


def watching(api: Api, task: dict[str, Any]) -> bool | None:
    wish: bool | None = api.get(f"tasks/{task['id']}").json()["watching"]
    return wish


def test_making_being_assigned_writing_and_being_mentioned_are_no_wishes(
    api: Api, bob_api: Api, task: dict[str, Any]
) -> None:
    bob_api.post(f"tasks/{task['id']}/comments", {"body": "@ada Which colour?"})
    assert (watching(api, task), watching(bob_api, task)) == (None, None)
    assert not TaskWatch.objects.exists()


def test_the_later_wish_counts_and_is_its_owners_alone(api: Api, bob_api: Api, task: dict[str, Any]) -> None:
    assert bob_api.post(f"tasks/{task['id']}/watch").json()["watching"] is True
    assert bob_api.post(f"tasks/{task['id']}/mute").json()["watching"] is False
    assert (watching(api, task), watching(bob_api, task)) == (None, False)
    assert api.post(f"tasks/{task['id']}/watch").json()["watching"] is True
    assert watching(bob_api, task) is False


def test_viewers_wish_too_and_a_wish_ends_with_the_membership(
    api: Api, bob_api: Api, world: World, task: dict[str, Any]
) -> None:
    api.patch("projects/HOME/members/bob", {"role": "viewer"})
    assert bob_api.post(f"tasks/{task['id']}/watch").status_code == 200
    api.delete("projects/HOME/members/bob")
    assert bob_api.post(f"tasks/{task['id']}/mute").status_code == 404
    world.join(world.home, world.bob, ProjectRole.VIEWER)
    assert watching(bob_api, task) is None


@pytest.mark.parametrize("verb", ["watch", "mute"])
def test_a_task_in_the_trash_is_restored_before_it_is_watched(api: Api, task: dict[str, Any], verb: str) -> None:
    api.delete(f"tasks/{task['id']}")
    answer = api.post(f"tasks/{task['id']}/{verb}")
    assert (answer.status_code, answer.json()["code"]) == (409, "trashed")
    assert not TaskWatch.objects.exists()
