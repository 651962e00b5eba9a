"""Quick add over REST: one line becomes a task."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application.members import add_member
from taskflow.application.projects import create_project
from taskflow.domain.permissions import ProjectRole
from taskflow.domain.recurrence import parse_rule
from taskflow.store.models import Event, Job, Label, Task
from tests.conftest import Api, FrozenClock, World
from tests.domain.quick_add.corpus import read_corpus

pytestmark = pytest.mark.usefixtures("clock")


def add(api: Api, text: str, status: int = 201, **fields: Any) -> Any:
    response = api.post("tasks/quick", {"text": text} | fields)
    assert response.status_code == status, response.content
    return response.json()


def kinds(answer: dict[str, Any]) -> dict[str, str]:
    return {match["text"]: match["kind"] for match in answer["matches"]}


def test_a_line_becomes_a_task_with_everything_that_it_says(api: Api, world: World) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    answer = add(api, "Pay rent tomorrow 9am p1 #home @money /bob for 15 min")
    task = answer["task"]
    assert (task["title"], task["key"], task["priority"]) == ("Pay rent", "HOME-1", "urgent")
    assert (task["due_at"], task["due_date"], task["estimate_minutes"]) == ("2026-11-25T09:00:00Z", None, 15)
    assert (task["labels"], task["assignees"]) == (["money"], ["bob"])
    assert api.get(f"tasks/{task['id']}").json() == task
    assert kinds(answer) == {
        "tomorrow 9am": "due",
        "p1": "priority",
        "#home": "project",
        "@money": "label",
        "/bob": "assignee",
        "for 15 min": "estimate",
    }


def test_the_answer_says_where_the_task_is(api: Api) -> None:
    response = api.post("tasks/quick", {"text": "Pay rent"})
    assert response.headers["Location"] == f"/api/v1/tasks/{response.json()['task']['id']}"
    assert response.json()["task"]["key"] == "IN1-1"
    assert response.json()["matches"] == []


def test_positions_count_the_characters_of_the_text_as_it_was_sent(api: Api) -> None:
    text = "  🌱 Gieße die Bäume tomorrow p2"
    answer = add(api, text)
    assert answer["task"]["title"] == "🌱 Gieße die Bäume"
    assert [text[m["start"] : m["end"]] for m in answer["matches"]] == ["tomorrow", "p2"]


def test_days_and_times_are_those_of_the_users_own_zone(api: Api, clock: FrozenClock) -> None:
    assert api.patch("me", {"timezone": "Pacific/Auckland"}).status_code == 200
    # Tuesday 09:00 UTC is Tuesday 22:00 in Auckland.
    assert add(api, "Call mum today")["task"]["due_date"] == "2026-11-24"
    assert add(api, "Call mum tomorrow 9am")["task"]["due_at"] == "2026-11-24T20:00:00Z"
    clock.advance(hours=3)
    assert add(api, "Call mum today")["task"]["due_date"] == "2026-11-25"
    assert add(api, "Send card on 3/4")["task"]["due_date"] == "2027-04-03"


def test_the_texts_project_beats_the_one_that_was_given(api: Api) -> None:
    assert add(api, "Pay rent", project="home")["task"]["key"] == "HOME-1"
    assert add(api, "Pay rent #IN1", project="home")["task"]["key"] == "IN1-1"


def test_a_project_is_known_by_name_or_key_present_or_former(api: Api, world: World) -> None:
    create_project(world.ada.as_actor(), {"name": "Summer House", "key": "SUM"})
    assert add(api, "Paint #summer house blue")["task"]["title"] == "Paint blue"
    assert add(api, "Paint #SummerHouse")["task"]["key"] == "SUM-2"
    assert add(api, "Paint #sum")["task"]["key"] == "SUM-3"
    assert api.patch("projects/SUM", {"key": "DACHA"}).status_code == 200
    assert add(api, "Paint #sum")["task"]["key"] == "DACHA-4"


def test_a_project_that_nobody_sees_stays_in_the_title(api: Api) -> None:
    for name in ("#work", "#nowhere"):
        answer = add(api, f"Plan launch {name} tomorrow")
        assert answer["task"]["title"] == f"Plan launch {name}"
        assert answer["task"]["key"].startswith("IN1-")
        assert kinds(answer)[name] == "unknown_project"


def test_a_project_that_one_may_only_read_is_refused(api: Api, world: World) -> None:
    world.join(world.work, world.ada, ProjectRole.VIEWER)
    assert add(api, "Plan launch #work", 403)["code"] == "forbidden"
    assert add(api, "Plan launch", 403, project="WORK")["code"] == "forbidden"
    assert add(api, "Plan launch", project="WORK", dry_run=True, status=403)["code"] == "forbidden"


def test_a_given_project_must_be_visible(api: Api) -> None:
    for text in ("Plan launch", "Plan launch #home"):
        error = add(api, text, 400, project="WORK")["errors"][0]
        assert (error["field"], error["code"]) == ("project", "not_found")


def test_an_archived_project_takes_no_task(api: Api) -> None:
    assert api.post("projects/HOME/archive").status_code == 200
    assert add(api, "Paint #home", 409)["code"] == "archived"


def test_who_is_no_member_of_the_tasks_project_stays_in_the_title(api: Api, world: World) -> None:
    add_member(world.ada.as_actor(), world.home.pk, "bob", ProjectRole.MEMBER)
    answer = add(api, "Ask /bob about it")
    assert (answer["task"]["title"], answer["task"]["assignees"]) == ("Ask /bob about it", [])
    assert kinds(answer) == {"/bob": "unknown_assignee"}
    assert add(api, "Ask about it /bob #home")["task"]["assignees"] == ["bob"]
    assert add(api, "Ask about it /BOB", project="home")["task"]["assignees"] == ["bob"]
    assert add(api, "Do it /me")["task"]["assignees"] == ["ada"]


def test_labels_are_made_when_they_are_new_and_found_in_any_case(api: Api, world: World) -> None:
    add(api, "Call @Phone #home")
    assert add(api, "Call @phone @desk #home")["task"]["labels"] == ["desk", "Phone"]
    assert Label.objects.filter(project=world.home).count() == 2


def test_recurrence_start_and_reminders_are_stored(api: Api) -> None:
    task = add(api, "Standup every weekday at 9:30 remind me 15 minutes before")["task"]
    assert (task["title"], task["due_at"]) == ("Standup", "2026-11-24T09:30:00Z")
    assert (task["recurrence"], task["recurrence_basis"]) == ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "due")
    assert task["reminders"] == [{"minutes_before": 15}]
    task = add(api, "Haircut every! 6 weeks")["task"]
    assert (task["due_date"], task["recurrence_basis"]) == ("2026-11-24", "completion")
    assert add(api, "Thesis from monday to friday")["task"]["start_date"] == "2026-11-30"


def test_every_rule_of_the_corpus_is_one_that_tasks_take() -> None:
    rules = {case.expected["recurrence"] for case in read_corpus() if "recurrence" in case.expected}
    assert len(rules) > 20
    assert {rule: parse_rule(rule).text for rule in rules} == {rule: rule for rule in rules}


def test_a_dry_run_shows_the_task_and_keeps_nothing(api: Api) -> None:
    before = (Task.objects.count(), Label.objects.count(), Event.objects.count(), Job.objects.count())
    answer = add(api, "Pay rent tomorrow p1 #home @money", 200, dry_run=True)
    assert (Task.objects.count(), Label.objects.count(), Event.objects.count(), Job.objects.count()) == before
    task = answer["task"]
    assert (task["title"], task["due_date"], task["labels"]) == ("Pay rent", "2026-11-25", ["money"])
    assert {task[name] for name in ("id", "key", "created_at", "updated_at", "version")} == {None}
    assert kinds(answer)["#home"] == "project"
    # And the number is not used up.
    made = add(api, "Pay rent tomorrow p1 #home @money")
    assert made["task"]["key"] == "HOME-1"
    assert made["matches"] == answer["matches"]
    same = made["task"].keys() - {"id", "key", "created_at", "updated_at", "version"}
    assert {name: made["task"][name] for name in same} == {name: task[name] for name in same}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"text": "tomorrow 9am #home"}, "text", "no_title"),
        ({"text": "   "}, "text", "no_title"),
        ({"text": ""}, "text", "blank"),
        ({"text": "x" * 501}, "text", "max_length"),
        ({"text": "x " * 1001}, "text", "max_length"),
        ({"text": 5}, "text", "not_text"),
        ({"text": "x\x00"}, "text", "control"),
        ({"text": "x " + " ".join(f"@l{n}" for n in range(51))}, "text", "too_many"),
        ({}, "text", "required"),
        ({"text": "x", "dry_run": "yes"}, "dry_run", "not_flag"),
        ({"text": "x", "title": "y"}, "title", "unknown_field"),
    ],
)
def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], field: str, code: str) -> None:
    response = api.post("tasks/quick", body)
    assert response.status_code == 400, response.content
    error = response.json()["errors"][0]
    assert (error["field"], error["code"]) == (field, code)
    assert Task.objects.count() == 0


def test_a_title_of_full_length_with_fields_fits(api: Api) -> None:
    assert len(add(api, "x" * 500 + " tomorrow 9am p1 #home")["task"]["title"]) == 500


def test_a_repeated_request_with_a_key_makes_one_task(api: Api) -> None:
    first = api.post("tasks/quick", {"text": "Pay rent tomorrow"}, **{"Idempotency-Key": "k1"})
    again = api.post("tasks/quick", {"text": "Pay rent tomorrow"}, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert Task.objects.count() == 1
    other = api.post("tasks/quick", {"text": "Pay rent today"}, **{"Idempotency-Key": "k1"})
    assert other.status_code == 422


def test_a_dry_run_with_a_key_keeps_nothing_either(api: Api) -> None:
    for _ in range(2):
        body = {"text": "Pay rent @money", "dry_run": True}
        assert api.post("tasks/quick", body, **{"Idempotency-Key": "k2"}).status_code == 200
    assert (Task.objects.count(), Label.objects.count()) == (0, 0)


def test_the_number_of_statements_does_not_grow_with_what_one_sees(api: Api, world: World) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            add(api, "Pay rent tomorrow #home @money /ada")
        return len(queries)

    count()
    before = count()
    for number in range(12):
        create_project(world.ada.as_actor(), {"name": f"List {number}"})
    assert count() == before
