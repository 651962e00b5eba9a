"""What a write answers is what the next read says, whether the change knew it or it was read again."""

from collections.abc import Callable
from typing import Any

import pytest

from taskflow.application.tokens import Wish, create_token
from taskflow.domain.permissions import ProjectRole
from tests.conftest import Api, World

CREATED: list[dict[str, Any]] = [
    {"title": "  Größe\u2028 "},
    {"title": "All", "description": "a\n@bob b", "priority": "urgent", "due_at": "2026-12-01T10:00:00.5+01:00"},
    {"title": "Done", "status": "done", "start_date": "2026-11-30", "estimate_minutes": 5},
    {"title": "Repeats", "due_date": "2026-12-01", "recurrence": "FREQ=DAILY", "recurrence_basis": "completion"},
    {"title": "With", "labels": ["b", "A"], "assignees": ["bob"], "reminders": [{"minutes_before": 5}]},
]
CHANGED: list[dict[str, Any]] = [
    {"title": "Another", "description": "Other"},
    {"priority": "low"},
    {"priority": "none", "due_date": "2026-12-05"},
    {"due_at": "2026-12-05T10:00:00Z"},
    {"status": "done"},
    {"labels": ["new", "b"]},
    {"assignees": []},
    {"reminders": [{"at": "2026-12-01T10:00:00Z"}, {"minutes_before": 10}]},
    {"title": "With"},
    {"recurrence": "FREQ=WEEKLY;BYDAY=MO", "due_date": "2026-12-05"},
    {},
]


@pytest.fixture
def shared(world: World, api: Api) -> Api:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    return api


def agree(api: Api, written: Any) -> dict[str, Any]:
    assert written.status_code in {200, 201}, written.content
    document: dict[str, Any] = written.json()
    read = api.get(f"tasks/{document['id']}")
    assert read.headers["ETag"] == written.headers["ETag"]
    expected: dict[str, Any] = read.json()
    assert {name: document[name] for name in expected} == expected
    listed = next(row for row in api.get("tasks?limit=200").json()["results"] if row["id"] == document["id"])
    assert listed == expected
    return document


@pytest.mark.parametrize("fields", CREATED, ids=lambda fields: fields["title"].strip())
@pytest.mark.parametrize("changes", CHANGED, ids=lambda changes: "+".join(changes) or "nothing")
def test_a_write_answers_as_a_read_does(shared: Api, fields: dict[str, Any], changes: dict[str, Any]) -> None:
    task = agree(shared, shared.post("tasks", {"project": "HOME", **fields}))
    agree(shared, shared.patch(f"tasks/{task['id']}", changes))
    agree(shared, shared.post(f"tasks/{task['id']}/watch"))
    assert agree(shared, shared.patch(f"tasks/{task['id']}", changes | {"title": "Third"}))["watching"] is True


def test_so_it_does_where_tasks_are_linked_commented_and_judged(shared: Api, run_jobs: Callable[[], int]) -> None:
    first = shared.post("tasks", {"project": "HOME", "title": "First"}).json()
    second = agree(shared, shared.post("tasks", {"project": "HOME", "title": "Second", "blocked_by": [first["key"]]}))
    shared.post(f"tasks/{first['id']}/comments", {"body": "zebra crossing"})
    part = agree(shared, shared.post("tasks", {"parent": first["key"], "title": "Part"}))
    for task in (first, second, part):
        assert shared.post(f"tasks/{task['id']}/priority-suggestions").status_code == 202
    run_jobs()
    for changes in ({"priority": "high"}, {"title": "Renamed"}, {"due_date": "2026-12-01"}, {"status": "done"}):
        for task in (first, second, part):
            agree(shared, shared.patch(f"tasks/{task['id']}", changes))
    found = shared.get("tasks?q=zebra").json()["results"]
    assert [row["key"] for row in found] == [first["key"]]


def test_a_token_counts_alone_beside_a_session(shared: Api, world: World) -> None:
    _, secret = create_token(world.bob.as_actor(), Wish("beside"))
    answer = shared.get("me", Authorization=f"Bearer {secret}")
    assert answer.json()["username"] == "bob"
    assert "Vary" not in answer.headers or "Cookie" not in answer.headers["Vary"]
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not answer.cookies


def test_a_token_is_no_way_past_the_allowed_hosts(world: World, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    _, secret = create_token(world.bob.as_actor(), Wish("elsewhere"))
    client = Api(None, Authorization=f"Bearer {secret}")
    assert client.get("me").status_code == 200
    assert client.get("me", Host="elsewhere.example").status_code == 400


def test_a_changed_person_is_seen_by_the_next_request_of_a_token(world: World) -> None:
    _, secret = create_token(world.bob.as_actor(), Wish("zones"))
    client = Api(None, Authorization=f"Bearer {secret}")
    before = client.get("me")
    assert client.patch("me", {"timezone": "Nowhere/Land"}).status_code == 400
    assert client.get("me").json() == before.json()
    assert client.patch("me", {"timezone": "Asia/Tokyo"}).status_code == 200
    assert client.get("me").json()["timezone"] == "Asia/Tokyo"
    world.bob.is_active = False
    world.bob.save()
    assert client.get("me").status_code == 401
