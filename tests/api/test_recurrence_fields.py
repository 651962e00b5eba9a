"""The recurrence of a task as clients set and read it."""

import pytest

from tests.conftest import Api


def test_a_task_comes_once_until_somebody_says_otherwise(api: Api) -> None:
    task = api.post("tasks", {"title": "Water plants"}).json()
    assert (task["recurrence"], task["recurrence_basis"]) == (None, "due")


def test_a_rule_comes_back_in_its_normal_form(api: Api) -> None:
    fields = {"title": "Water plants", "recurrence": "rrule: interval=2; freq=weekly; byday=mo,th"}
    task = api.post("tasks", fields | {"recurrence_basis": "completion"}).json()
    assert (task["recurrence"], task["recurrence_basis"]) == ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "completion")
    cleared = api.patch(f"tasks/{task['key']}", {"recurrence": None}).json()
    assert (cleared["recurrence"], cleared["recurrence_basis"]) == (None, "completion")


def test_history_tells_what_became_of_the_rule(api: Api) -> None:
    task = api.post("tasks", {"title": "Water plants"}).json()
    api.patch(f"tasks/{task['key']}", {"recurrence": "FREQ=DAILY", "recurrence_basis": "completion"})
    changes = api.get(f"tasks/{task['key']}/history").json()["results"][-1]["data"]["changes"]
    assert changes == {
        "recurrence": {"from": None, "to": "FREQ=DAILY"},
        "recurrence_basis": {"from": "due", "to": "completion"},
    }


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("every monday", "syntax"),
        ("", "blank"),
        (7, "not_text"),
        ("FREQ=HOURLY", "too_often"),
        ("FREQ=DAILY;BYHOUR=9", "unsupported"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=DAILY\nEXDATE:20261224", "unsupported"),
        ("FREQ=DAILY;COUNT=0", "range"),
        ("FREQ=DAILY;" + "BYDAY=MO" * 100, "max_length"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(api: Api, rule: object, code: str) -> None:
    task = api.post("tasks", {"title": "Water plants"}).json()
    for response in (
        api.post("tasks", {"title": "x", "recurrence": rule}),
        api.patch(f"tasks/{task['key']}", {"recurrence": rule}),
    ):
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert (error["field"], error["code"]) == ("recurrence", code)


def test_a_wrong_basis_is_refused_by_name(api: Api) -> None:
    response = api.post("tasks", {"title": "x", "recurrence_basis": "start"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "recurrence_basis"
