"""What completing a recurring task makes, over REST."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application.imports import run_import
from taskflow.application.projects import update_project
from taskflow.domain.permissions import ProjectRole
from taskflow.store.models import Event, Reminder, Suggestion, Task
from tests.conftest import Api, FrozenClock, World

RULE = "FREQ=WEEKLY;BYDAY=MO"
#: The fields of a task that are those of its predecessor.
KEPT = ("title", "description", "priority", "estimate_minutes", "labels", "assignees", "parent", "recurrence_basis")


def make(api: Api, **fields: Any) -> dict[str, Any]:
    response = api.post("tasks", {"title": "Water plants", "project": "HOME"} | fields)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = response.json()
    return document


def complete(api: Api, task: dict[str, Any]) -> dict[str, Any]:
    response = api.post(f"tasks/{task['id']}/complete")
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def test_completing_a_recurring_task_makes_the_next_one(api: Api, world: World, clock: FrozenClock) -> None:
    parent = make(api, title="Household")
    blocker = make(api, title="Buy a can")
    task = make(
        api,
        description="all of *them*",
        priority="high",
        due_date="2026-11-23",
        start_date="2026-11-21",
        estimate_minutes=10,
        labels=["garden", "Flat"],
        assignees=["ada"],
        parent=parent["key"],
        blocked_by=[blocker["id"]],
        recurrence=RULE,
        reminders=[{"minutes_before": 30}, {"at": "2026-11-22T18:00:00Z"}],
    )
    done = complete(api, task)
    assert done["status"] == "done"
    following = api.get(f"tasks/{done['next']['id']}").json()
    assert following["key"] == done["next"]["key"]
    assert {name: following[name] for name in KEPT} == {name: task[name] for name in KEPT}
    assert following["recurrence"] == RULE
    assert (following["status"], following["completed_at"], following["version"]) == ("todo", None, 1)
    assert (following["due_date"], following["start_date"]) == ("2026-11-30", "2026-11-28")
    assert following["reminders"] == [{"minutes_before": 30}, {"at": "2026-11-29T18:00:00Z"}]
    assert following["blocked_by"] == []
    assert following["urgency"]["score"] > 0
    assert following["rank"] == task["rank"]


def test_the_log_has_the_completion_and_then_the_new_task(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY")
    following = complete(api, task)["next"]
    completed, created = Event.objects.exclude(task_id=None).order_by("seq")[1:]
    assert (completed.type, str(completed.task_id)) == ("taskflow.task.completed", task["id"])
    assert (created.type, str(created.task_id)) == ("taskflow.task.created", following["id"])
    assert created.data["previous"] == task["key"]


def test_completing_twice_answers_the_same_and_makes_no_second_one(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY")
    first, second = complete(api, task), complete(api, task)
    assert second == first
    assert Task.objects.count() == 2


def test_patching_the_status_equals_completing(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY", due_date="2026-11-24")
    done = api.patch(f"tasks/{task['key']}", {"status": "done"}).json()
    assert api.get(f"tasks/{done['next']['key']}").json()["due_date"] == "2026-11-25"


def test_a_task_that_does_not_recur_has_no_next(api: Api) -> None:
    assert "next" not in complete(api, make(api))


def test_reopened_and_done_again_has_still_one_next(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY")
    first = complete(api, task)["next"]
    api.post(f"tasks/{task['id']}/reopen")
    assert complete(api, task)["next"] == first
    assert Task.objects.count() == 2


def test_a_next_that_was_thrown_away_is_made_again(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY")
    first = complete(api, task)["next"]
    api.post(f"tasks/{task['id']}/reopen")
    api.delete(f"tasks/{first['id']}")
    second = complete(api, task)["next"]
    assert second["id"] != first["id"]
    api.post(f"tasks/{first['id']}/restore")
    assert complete(api, task)["next"] == second


def test_a_series_ends_with_its_count(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY;COUNT=2", due_date="2026-11-24")
    following = complete(api, task)["next"]
    last = api.get(f"tasks/{following['id']}").json()
    assert last["recurrence"] == "FREQ=DAILY;COUNT=1"
    done = complete(api, last)
    assert done["next"] is None
    assert Task.objects.count() == 2


def test_cancelling_ends_a_series(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY")
    assert "next" not in api.patch(f"tasks/{task['id']}", {"status": "cancelled"}).json()
    assert Task.objects.count() == 1


def test_a_month_end_is_remembered_along_the_chain_and_forgotten_with_a_new_date(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=MONTHLY", due_date="2027-01-31")
    february = api.get(f"tasks/{complete(api, task)['next']['id']}").json()
    assert february["due_date"] == "2027-02-28"
    march = api.get(f"tasks/{complete(api, february)['next']['id']}").json()
    assert march["due_date"] == "2027-03-31"
    april = api.get(f"tasks/{complete(api, march)['next']['id']}").json()
    api.patch(f"tasks/{april['id']}", {"due_date": "2027-04-29"})
    assert api.get(f"tasks/{complete(api, april)['next']['id']}").json()["due_date"] == "2027-05-29"


def test_the_zone_is_that_of_who_made_the_task_whoever_completes_it(
    api: Api, bob_api: Api, world: World, clock: FrozenClock
) -> None:
    api.patch("me", {"timezone": "America/New_York"})
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    task = make(api, recurrence="FREQ=DAILY", due_at="2027-03-13T14:00:00Z")
    for _ in range(2):
        task = api.get(f"tasks/{complete(bob_api, task)['next']['id']}").json()
        assert task["due_at"][11:] == "13:00:00Z"
        assert task["created_by"] == "ada"


def test_somebody_who_left_is_not_assigned_again(api: Api, world: World, clock: FrozenClock) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    task = make(api, recurrence="FREQ=DAILY", assignees=["ada", "bob"])
    api.patch("projects/HOME/members/bob", {"role": "viewer"})
    world.bob.is_active = False
    world.bob.save()
    assert api.get(f"tasks/{complete(api, task)['next']['id']}").json()["assignees"] == ["ada"]


def test_watching_goes_on(api: Api, clock: FrozenClock) -> None:
    task = make(api, recurrence="FREQ=DAILY")
    api.post(f"tasks/{task['id']}/mute")
    assert api.get(f"tasks/{complete(api, task)['next']['id']}").json()["watching"] is False


def test_a_project_that_suggests_on_creation_suggests_for_the_next_one(
    api: Api, world: World, clock: FrozenClock
) -> None:
    update_project(world.ada.as_actor(), world.home.pk, {"auto_suggest": "on_create"})
    task = make(api, recurrence="FREQ=DAILY")
    following = complete(api, task)["next"]
    assert Suggestion.objects.filter(task=following["id"], state="queued").exists()


def test_an_imported_task_that_is_done_makes_none(api: Api, world: World) -> None:
    data = (
        b'[{"uuid": "1", "description": "Old", "status": "completed", "entry": "20260101T000000Z", "recur": "weekly"}]'
    )
    assert run_import(world.ada.as_actor(), "taskwarrior", data, name="x.json").created == 1
    make(api, status="done", recurrence="FREQ=DAILY")
    assert Task.objects.count() == 2


def test_completing_a_parent_completes_what_is_open_below_it(api: Api, clock: FrozenClock) -> None:
    parent = make(api)
    child = make(api, title="Child", parent=parent["id"])
    grandchild = make(api, title="Grandchild", parent=child["id"], recurrence="FREQ=DAILY")
    cancelled = make(api, title="Cancelled", parent=parent["id"], status="cancelled")
    trashed = make(api, title="Trashed", parent=parent["id"])
    api.delete(f"tasks/{trashed['id']}")
    complete(api, parent)
    states = {
        key: api.get(f"tasks/{task['id']}").json()
        for key, task in {"child": child, "grandchild": grandchild, "cancelled": cancelled, "trashed": trashed}.items()
    }
    assert {key: state["status"] for key, state in states.items()} == {
        "child": "done",
        "grandchild": "done",
        "cancelled": "cancelled",
        "trashed": "todo",
    }
    assert states["child"]["completed_at"] == "2026-11-24T09:00:00Z"
    assert states["child"]["version"] == 2
    told = Event.objects.filter(type="taskflow.task.completed").order_by("seq")
    assert [event.data["key"] for event in told] == [parent["key"], child["key"], grandchild["key"]]
    assert Task.objects.count() == 5


def test_a_recurring_checklist_comes_again_as_a_whole(api: Api, clock: FrozenClock) -> None:
    parent = make(api, recurrence="FREQ=WEEKLY", due_date="2026-11-24")
    ticked = make(api, title="Ticked", parent=parent["id"], due_date="2026-11-23", labels=["x"])
    complete(api, ticked)
    opened = make(api, title="Open", parent=parent["id"], due_at="2026-11-24T08:00:00Z")
    make(api, title="Deep", parent=opened["id"])
    dropped = make(api, title="Dropped", parent=parent["id"], status="cancelled")
    make(api, title="Below the dropped", parent=dropped["id"])
    daily = make(api, title="Daily", parent=parent["id"], recurrence="FREQ=DAILY", due_date="2026-11-23")
    complete(api, daily)
    following = complete(api, parent)["next"]
    new = {t["title"]: t for t in api.get("tasks?status=todo,in_progress&limit=200").json()["results"]}
    assert set(new) == {"Water plants", "Ticked", "Open", "Deep", "Daily"}
    assert all(new[title]["parent"] == following["id"] for title in ("Ticked", "Open", "Daily"))
    assert new["Deep"]["parent"] == new["Open"]["id"]
    assert (new["Ticked"]["due_date"], new["Ticked"]["labels"]) == ("2026-11-30", ["x"])
    assert new["Open"]["due_at"] == "2026-12-01T08:00:00Z"
    assert new["Daily"]["due_date"] == "2026-12-02"
    assert new["Ticked"]["rank"] < new["Open"]["rank"] < new["Daily"]["rank"]


def test_parts_do_not_cost_statements(api: Api, clock: FrozenClock) -> None:
    counts = []
    for size in (3, 12):
        parent = make(api, recurrence="FREQ=WEEKLY", due_date="2026-11-24")
        for number in range(size):
            make(api, title=f"{number}", parent=parent["id"], labels=["x"], reminders=[{"minutes_before": 5}])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            complete(api, parent)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 60


def test_a_task_in_the_trash_is_no_parent(api: Api) -> None:
    parent = make(api)
    api.delete(f"tasks/{parent['id']}")
    task = make(api)
    for response in (
        api.post("tasks", {"title": "x", "project": "HOME", "parent": parent["id"]}),
        api.patch(f"tasks/{task['id']}", {"parent": parent["id"]}),
    ):
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "trashed"


@pytest.mark.parametrize(
    ("due", "zone", "expected"),
    [
        ({"due_at": "2026-12-01T09:00:00Z"}, "Europe/Berlin", "2026-12-01T08:30:00+00:00"),
        ({"due_date": "2026-12-01"}, "Europe/Berlin", "2026-12-01T07:30:00+00:00"),
        ({"due_date": "2026-12-01"}, "America/New_York", "2026-12-01T13:30:00+00:00"),
        ({}, "Europe/Berlin", None),
    ],
)
def test_a_reminder_knows_its_instant(api: Api, due: dict[str, str], zone: str, expected: str | None) -> None:
    api.patch("me", {"timezone": zone})
    task = make(api, reminders=[{"minutes_before": 30}, {"at": "2026-11-30T10:00:00Z"}], **due)
    assert instants(task) == [expected, "2026-11-30T10:00:00+00:00"]


def test_reminders_follow_the_due_date_and_the_zone(api: Api) -> None:
    task = make(api, reminders=[{"minutes_before": 60}])
    api.patch(f"tasks/{task['id']}", {"due_date": "2026-12-01"})
    assert instants(task) == ["2026-12-01T08:00:00+00:00"]
    api.patch("me", {"timezone": "Asia/Tokyo"})
    assert instants(task) == ["2026-11-30T23:00:00+00:00"]
    api.patch(f"tasks/{task['id']}", {"due_at": "2026-12-02T12:00:00Z"})
    assert instants(task) == ["2026-12-02T11:00:00+00:00"]
    api.patch(f"tasks/{task['id']}", {"due_at": None})
    assert instants(task) == [None]


def test_an_upgrade_gives_the_reminders_that_exist_their_instants(api: Api) -> None:
    api.patch("me", {"timezone": "Europe/Berlin"})
    reminders = [{"minutes_before": 30}, {"at": "2026-11-30T10:00:00Z"}]
    tasks = [make(api, reminders=reminders, **due) for due in ({"due_date": "2026-12-01"}, {})]
    tasks.append(make(api, reminders=reminders, due_at="2026-12-01T09:00:00Z"))
    before = [instants(task) for task in tasks]
    Reminder.objects.update(remind_at=None)
    import_module("taskflow.store.migrations.0002_recurrence").compute_reminders(apps, None)
    assert [instants(task) for task in tasks] == before


def instants(task: dict[str, Any]) -> list[str | None]:
    reminders = Task.objects.get(pk=task["id"]).reminders.order_by("pk")
    return [None if reminder.remind_at is None else reminder.remind_at.isoformat() for reminder in reminders]
