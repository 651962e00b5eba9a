"""The event log on the admin pages."""

import pytest

from taskflow.application.project_removal import delete_project
from taskflow.application.tasks import create_task, update_task
from taskflow.store.models import Event, Task
from tests.admin.conftest import Browser
from tests.conftest import World


@pytest.fixture
def task(world: World) -> Task:
    actor = world.ada.as_actor()
    task = create_task(actor, {"title": "Pay the rent", "project": world.home.pk})
    create_task(world.bob.as_actor(), {"title": "Release", "project": world.work.pk})
    return update_task(actor, task.pk, {"title": "Pay the rent now"})


def _shown(browser: Browser, **query: str) -> list[Event]:
    return list(browser.open("store_event_changelist", **query).context["cl"].result_list)


def test_the_newest_event_comes_first(admin: Browser, task: Task) -> None:
    assert [event.type for event in _shown(admin)][:1] == ["taskflow.task.updated"]


def test_events_are_filtered_by_type_project_and_actor(admin: Browser, task: Task) -> None:
    assert {event.type for event in _shown(admin, type="taskflow.task.created")} == {"taskflow.task.created"}
    assert {event.stream.project_id for event in _shown(admin, project="home")} == {task.project_id}
    assert [event.seq for event in _shown(admin, project="home")] == [3, 2, 1]
    assert {event.actor_name for event in _shown(admin, actor="BOB")} == {"bob"}
    assert _shown(admin, project="NOPE") == []
    assert _shown(admin, actor="nobody") == []


def test_a_tasks_key_finds_its_events_and_the_list_links_to_it(admin: Browser, task: Task) -> None:
    found = _shown(admin, q="HOME-1")
    assert [event.type for event in found] == ["taskflow.task.updated", "taskflow.task.created"]
    html = admin.open("store_event_changelist", q="HOME-1").content.decode()
    assert f"/admin/store/task/{task.pk}/change/" in html
    assert "title → Pay the rent now" in html
    assert _shown(admin, q="HOME-99") == []


def test_the_log_of_a_deleted_project_is_still_shown(admin: Browser, task: Task, world: World) -> None:
    delete_project(world.ada.as_actor(), world.home.pk)
    assert "(deleted)" in admin.open("store_event_changelist").content.decode()


def test_one_event_shows_its_data(admin: Browser, task: Task) -> None:
    event = Event.objects.get(type="taskflow.task.updated")
    html = admin.open("store_event_change", event.pk).content.decode()
    assert "Pay the rent now" in html
    assert "_save" not in html


def test_events_cannot_be_written(admin: Browser, task: Task) -> None:
    event = Event.objects.latest("time")
    assert admin.send("store_event_change", event.pk, type="x").status_code == 403
    assert admin.send("store_event_delete", event.pk, post="yes").status_code == 403
    assert admin.send("store_event_add", type="x").status_code == 403
    count = Event.objects.count()
    admin.act("event", "delete_selected", event)
    assert Event.objects.count() == count
