"""Tasks on the admin pages."""

from datetime import UTC, datetime

import pytest

from taskflow.application.suggestions import request_suggestion
from taskflow.application.tasks import create_task
from taskflow.application.trash import delete_task
from taskflow.store.models import Decision, Event, Suggestion, Task, User
from tests.admin.conftest import Browser, errors_of, messages_of
from tests.conftest import World


@pytest.fixture
def task(world: World) -> Task:
    fields = {"title": "Pay the rent", "project": world.home.pk, "labels": ["money"], "assignees": ["ada"]}
    return create_task(world.ada.as_actor(), fields)


def test_making_a_task_goes_through_the_use_case(admin: Browser, world: World) -> None:
    answer = admin.send(
        "store_task_add",
        title="Call the plumber",
        project=str(world.home.pk),
        priority="3",
        due_at_0="2026-12-01",
        due_at_1="09:00:00",
        labels="phone, Water",
        assignees="ada",
    )
    assert answer.status_code == 302
    task = Task.objects.get()
    assert (task.key, task.level.value) == ("HOME-1", "high")
    assert task.due_at == datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert sorted(task.labels.values_list("name", flat=True)) == ["Water", "phone"]
    assert task.urgency_score > 0
    assert Event.objects.filter(type="taskflow.task.created", task_id=task.pk, actor_name="root").exists()
    assert Decision.objects.get().user.username == "root"


def test_completing_a_recurring_task_makes_the_next_one(admin: Browser, world: World, task: Task) -> None:
    refused = admin.save("store_task_change", task.pk, recurrence="every monday")
    assert "FREQ=WEEKLY" in errors_of(refused)
    admin.save("store_task_change", task.pk, recurrence="freq=weekly", recurrence_basis="completion", status="done")
    following = Task.objects.get(previous=task)
    assert (following.recurrence, following.recurrence_basis) == ("FREQ=WEEKLY", "completion")
    assert following.created_by == world.ada


def test_times_are_read_in_the_administrators_zone(admin: Browser, world: World, root: User) -> None:
    User.objects.filter(pk=root.pk).update(timezone="America/New_York")
    admin.send(
        "store_task_add", title="T", project=str(world.home.pk), priority="0", due_at_0="2026-12-01", due_at_1="09:00"
    )
    task = Task.objects.get()
    assert task.due_at == datetime(2026, 12, 1, 14, tzinfo=UTC)
    assert 'value="09:00:00"' in admin.open("store_task_change", task.pk).content.decode()


def test_an_undecided_priority_is_the_projects_default_and_teaches_nothing(admin: Browser, world: World) -> None:
    admin.send("store_task_add", title="Sort photos", project=str(world.home.pk), priority="0")
    assert Task.objects.get().level.value == "none"
    assert not Decision.objects.exists()


def test_changing_a_task_writes_only_what_changed(admin: Browser, task: Task) -> None:
    assert admin.save("store_task_change", task.pk, title="Pay the rent now").status_code == 302
    event = Event.objects.get(type="taskflow.task.updated")
    assert event.data["changes"] == {"title": {"from": "Pay the rent", "to": "Pay the rent now"}}
    assert list(task.labels.values_list("name", flat=True)) == ["money"]
    assert list(task.assignees.values_list("username", flat=True)) == ["ada"]


def test_both_kinds_of_due_are_refused_on_the_field(admin: Browser, task: Task) -> None:
    answer = admin.save(
        "store_task_change", task.pk, due_date="2026-12-01", due_at_0="2026-12-01", due_at_1="09:00:00", title="No"
    )
    assert "not both" in errors_of(answer)
    task.refresh_from_db()
    assert task.title == "Pay the rent"


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_dates_at_the_ends_of_time_are_refused_not_crashed_on(admin: Browser, task: Task, year: str) -> None:
    answer = admin.save("store_task_change", task.pk, due_at_0=f"{year}-01-01", due_at_1="00:00:00")
    assert "between the years" in errors_of(answer)


def test_an_assignee_who_is_no_member_is_refused_by_name(admin: Browser, task: Task) -> None:
    answer = admin.save("store_task_change", task.pk, assignees="bob")
    assert "is not a member of this project" in errors_of(answer)


def test_a_cycle_of_parents_is_refused(admin: Browser, task: Task, world: World) -> None:
    child = create_task(world.ada.as_actor(), {"title": "Find the form", "parent": task.pk})
    answer = admin.save("store_task_change", task.pk, parent=str(child.pk))
    assert errors_of(answer)
    task.refresh_from_db()
    assert task.parent is None


def test_deleting_puts_into_the_trash_and_the_list_restores(admin: Browser, task: Task) -> None:
    assert "trash" in admin.open("store_task_delete", task.pk).content.decode()
    admin.send("store_task_delete", task.pk, post="yes")
    task.refresh_from_db()
    assert task.deleted_at is not None
    assert Event.objects.filter(type="taskflow.task.deleted").exists()
    assert list(admin.open("store_task_changelist").context["cl"].result_list) == []
    assert list(admin.open("store_task_changelist", trash="in").context["cl"].result_list) == [task]
    answer = admin.client.post(
        "/admin/store/task/?trash=in", {"action": "restore", "_selected_action": [str(task.pk)]}, follow=True
    )
    assert messages_of(answer) == ["Restored 1 tasks."]
    task.refresh_from_db()
    assert task.deleted_at is None


def test_deleting_many_goes_through_the_use_case_or_changes_nothing(admin: Browser, task: Task, world: World) -> None:
    other = create_task(world.bob.as_actor(), {"title": "Release", "project": world.work.pk})
    type(world.work).objects.filter(pk=world.work.pk).update(archived=True)
    fields = {"action": "delete_selected", "_selected_action": [str(task.pk), str(other.pk)], "post": "yes"}
    answer = admin.client.post("/admin/store/task/", fields, follow=True)
    assert messages_of(answer) == ["The project is archived. Unarchive it first."]
    assert not Task.objects.exclude(deleted_at=None).exists()
    type(world.work).objects.filter(pk=world.work.pk).update(archived=False)
    admin.client.post("/admin/store/task/", fields)
    assert Task.objects.exclude(deleted_at=None).count() == 2
    assert Event.objects.filter(type="taskflow.task.deleted").count() == 2


def test_a_trashed_task_is_shown_without_a_form(admin: Browser, task: Task, world: World) -> None:
    delete_task(world.ada.as_actor(), task.pk)
    assert "_save" not in admin.open("store_task_change", task.pk).content.decode()
    assert admin.send("store_task_change", task.pk, title="x").status_code == 403


@pytest.mark.parametrize("query", ["HOME-1", "home-1", "RÉNT", "pay ren"])
def test_tasks_are_found_by_key_and_by_words(admin: Browser, task: Task, query: str) -> None:
    assert str(task.pk) in admin.open("store_task_changelist", q=query).content.decode()
    assert str(task.pk) not in admin.open("store_task_changelist", q=query + "x1").content.decode()


def test_the_page_shows_what_the_urgency_and_the_suggestion_are_made_of(
    admin: Browser, world: World, run_jobs: object
) -> None:
    task = create_task(
        world.ada.as_actor(),
        {"title": "Server is down", "project": world.home.pk, "due_at": datetime(2026, 11, 20, tzinfo=UTC)},
    )
    request_suggestion(world.ada.as_actor(), task.pk)
    assert callable(run_jobs)
    run_jobs()
    html = admin.open("store_task_change", task.pk).content.decode()
    task.refresh_from_db()
    assert task.urgency_factors
    for factor in task.urgency_factors:
        assert factor["label"] in html.replace("&#x27;", "'")
    suggestion = Suggestion.objects.get()
    assert suggestion.state == "pending"
    assert f"/admin/store/suggestion/{suggestion.pk}/change/" in html
    listed = admin.open("store_task_changelist").content.decode()
    assert f"{suggestion.get_suggested_priority_display()} {round((suggestion.confidence or 0) * 100)} %" in listed


def test_titles_are_escaped(admin: Browser, world: World) -> None:
    create_task(world.ada.as_actor(), {"title": "<script>alert(1)</script>", "project": world.home.pk})
    for page in ("task", "event"):
        assert "<script>alert(1)" not in admin.open(f"store_{page}_changelist").content.decode()
