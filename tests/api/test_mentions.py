"""Mentions over REST: the people a text speaks to get an event each, and nobody else does."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application.accounts import create_user
from taskflow.application.members import add_member
from taskflow.domain.permissions import SYSTEM, ProjectRole
from taskflow.store.models import Event
from tests.conftest import Api, World


@pytest.fixture(autouse=True)
def _team(world: World, api: Api) -> None:
    for name in ("eve", "zoë", "ada.l"):
        create_user(SYSTEM, name)
        add_member(world.ada.as_actor(), world.home.pk, name, ProjectRole.VIEWER)
    api.post("tasks", {"title": "Paint", "project": "HOME"})


def told() -> list[tuple[str, str]]:
    """Who was spoken to, by whom, in order."""
    events = Event.objects.filter(type="taskflow.task.mentioned").order_by("seq")
    return [(event.data["mentioned"], event.actor_name) for event in events]


def say(api: Api, body: str) -> Any:
    return api.post("tasks/HOME-1/comments", {"body": body}).json()


def test_a_comment_is_more_than_white_space(api: Api) -> None:
    api.post("tasks", {"title": "Paint", "project": "HOME"})
    for blank in ("", "  ", "\n\t\u2003"):
        answer = api.post("tasks/HOME-1/comments", {"body": blank})
        assert answer.json()["errors"][0] | {"detail": ""} == {"field": "body", "code": "blank", "detail": ""}
    kept = "    code, to the letter\n"
    assert api.post("tasks/HOME-1/comments", {"body": kept}).json()["body"] == kept


def test_a_comment_speaks_to_members_once_each_and_to_nobody_else(api: Api, world: World) -> None:
    comment = say(api, "@EVE, @zoë, @eve and @ada.l.: ask @bob, @nobody or @ada. `@eve`")
    assert comment["mentions"] == ["eve", "zoë", "ada.l", "ada"]
    assert told() == [("eve", "ada"), ("zoë", "ada"), ("ada.l", "ada")]
    event = Event.objects.filter(type="taskflow.task.mentioned").first()
    assert event is not None
    assert event.data == {"key": "HOME-1", "mentioned": "eve", "comment": comment["id"]}
    assert str(event.task_id) == comment["task"]


def test_an_edit_speaks_only_to_the_new(api: Api) -> None:
    comment = say(api, "Hello @eve")
    path = f"tasks/HOME-1/comments/{comment['id']}"
    assert api.patch(path, {"body": "Hello @eve and @zoë"}).json()["mentions"] == ["eve", "zoë"]
    api.patch(path, {"body": "Hello"})
    assert told() == [("eve", "ada"), ("zoë", "ada")]


def test_a_description_speaks_when_it_is_written_and_when_it_changes(api: Api) -> None:
    api.post("tasks", {"title": "x", "project": "HOME", "description": "For @eve"})
    api.patch("tasks/HOME-2", {"description": "For @eve and @zoë"})
    api.patch("tasks/HOME-2", {"title": "@ada.l is no mention in a title"})
    assert told() == [("eve", "ada"), ("zoë", "ada")]
    assert {event.data["comment"] for event in Event.objects.filter(type="taskflow.task.mentioned")} == {None}


def test_who_left_or_cannot_sign_in_is_spoken_to_no_more(api: Api, world: World) -> None:
    from taskflow.store.models import User

    comment = say(api, "@eve @zoë")
    api.delete("projects/HOME/members/eve")
    User.objects.filter(username="zoë").update(is_active=False)
    assert api.get(f"tasks/HOME-1/comments/{comment['id']}").json()["mentions"] == []
    say(api, "@eve @zoë")
    assert len(told()) == 2


def test_the_mentions_of_a_list_cost_one_query(api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown = api.get("tasks/HOME-1/comments").json()["results"]
        assert all(comment["mentions"] == ["eve"] for comment in shown)
        return len(queries)

    say(api, "@eve 1")
    one = count()
    for number in range(5):
        say(api, f"@eve {number}")
    assert count() == one


def test_a_text_without_a_mention_costs_no_query(api: Api) -> None:
    with CaptureQueriesContext(connection) as queries:
        say(api, "bob%example.org")
    assert not [q for q in queries if '"username_key" IN' in q["sql"]]
