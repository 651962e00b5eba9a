"""Filters over REST: `filter=` and `saved=` of the list of tasks, and the filters that people keep."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application.saved_filters import MOST_FILTERS
from taskflow.domain.filters.ordering import ORDERS
from taskflow.domain.permissions import ProjectRole
from taskflow.interfaces.api.task_filters import parse_order
from taskflow.store.models import SavedFilter
from tests.conftest import Api, FrozenClock, World


def make(api: Api, title: str, **fields: Any) -> dict[str, Any]:
    response = api.post("tasks", {"title": title, "project": "HOME"} | fields)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = response.json()
    return document


def titles(api: Api, expression: str, parameters: str = "") -> list[str]:
    response = api.get(f"tasks?filter={quote(expression)}{parameters}")
    assert response.status_code == 200, response.content
    return [task["title"] for task in response.json()["results"]]


def keep(api: Api, **fields: str) -> dict[str, Any]:
    response = api.post("filters", {"name": "Mine", "expression": "priority = high"} | fields)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = response.json()
    return document


def test_a_filter_goes_with_other_parameters_orders_and_pages(api: Api) -> None:
    for number in range(5):
        make(api, f"Task {number}", priority="high" if number % 2 else "urgent", labels=["x"] if number else [])
    make(api, "Low", priority="low")
    assert titles(api, "priority >= high", "&ordering=title") == [f"Task {number}" for number in range(5)]
    assert titles(api, "priority >= high", "&ordering=-title&label=x&priority=urgent") == ["Task 4", "Task 2"]
    first = api.get("tasks?filter=priority%3E=high&ordering=title&limit=3").json()
    rest = api.get(f"tasks?filter=priority%3E=high&ordering=title&limit=3&cursor={quote(first['next_cursor'])}").json()
    assert [task["title"] for task in first["results"] + rest["results"]] == [f"Task {number}" for number in range(5)]
    assert rest["next_cursor"] is None


def test_an_error_shows_where_it_is(api: Api) -> None:
    response = api.get(f"tasks?filter={quote('status = todo and priority = huge')}")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["field"], error["code"], error["position"]) == ("filter", "syntax", 29)
    assert "none, low, medium, high, urgent" in error["detail"]


def test_a_filter_that_is_too_long_has_a_position_too(api: Api) -> None:
    (error,) = api.get(f"tasks?filter={'x' * 2_001}").json()["errors"]
    assert (error["code"], error["position"]) == ("syntax", 2_000)


@pytest.mark.parametrize("text", ["", "(", "due <", "\"'\\", "title ~ " + "ﷺ" * 500, "not " * 300, "Ⅷ = İ"])
def test_no_text_breaks_the_list(api: Api, text: str) -> None:
    assert api.get(f"tasks?filter={quote(text)}").status_code in {200, 400}


def test_a_missing_value_makes_a_comparison_false_and_its_not_true(api: Api) -> None:
    make(api, "Dated", due_date="2026-12-01")
    make(api, "Undated")
    assert titles(api, "due < 2027-01-01") == ["Dated"]
    assert titles(api, "due != 2027-01-01") == ["Dated"]
    assert titles(api, "not due < 2027-01-01") == ["Undated"]
    assert titles(api, "not due > 2027-01-01", "&ordering=title") == ["Dated", "Undated"]
    assert titles(api, "not due") == ["Undated"]


def test_labels_are_several_values(api: Api) -> None:
    make(api, "Both", labels=["red", "blue"])
    make(api, "Blue", labels=["blue"])
    make(api, "None")
    assert titles(api, "label = RED") == ["Both"]
    assert titles(api, "label != red") == ["Blue"]
    assert titles(api, "not label = red", "&ordering=title") == ["Blue", "None"]
    assert titles(api, "label in (red, blue)", "&ordering=title") == ["Blue", "Both"]
    assert titles(api, "label = red and label = blue") == ["Both"]


def test_days_are_those_of_the_readers_calendar(api: Api, world: World, clock: FrozenClock) -> None:
    api.patch("me", {"timezone": "Pacific/Auckland"})
    # 22:00 on the 24th in Auckland, where the 25th begins at 11:00 UTC.
    make(api, "Late on the 24th", due_at="2026-11-24T10:59:59Z")
    make(api, "Early on the 25th", due_at="2026-11-24T11:00:00Z")
    make(api, "All day on the 24th", due_date="2026-11-24")
    assert titles(api, "due = today", "&ordering=title") == ["All day on the 24th", "Late on the 24th"]
    assert titles(api, "due = tomorrow") == ["Early on the 25th"]
    clock.advance(hours=2)
    assert titles(api, "overdue", "&ordering=title") == ["All day on the 24th", "Late on the 24th"]


def test_text_is_found_without_case_and_accents_and_signs_of_like_mean_themselves(api: Api) -> None:
    make(api, "Füße waschen", description="Mit SEIFE\nund 100 % Wasser")
    make(api, "Anything else", description="100 per cent_water")
    assert titles(api, 'title = "FUSSE WASCHEN"') == ["Füße waschen"]
    assert titles(api, "description ~ seife") == ["Füße waschen"]
    assert titles(api, 'description ~ "0 %"') == ["Füße waschen"]
    assert titles(api, 'description ~ "t_w"') == ["Anything else"]
    assert titles(api, 'title ~ "_"') == []
    task = api.get("tasks?filter=title~fusse").json()["results"][0]
    api.patch(f"tasks/{task['key']}", {"description": "trocken"})
    assert titles(api, "description ~ seife") == []
    assert titles(api, "description = TROCKEN") == ["Füße waschen"]


def test_projects_go_by_name_present_and_former_key_id_and_inbox(api: Api, world: World) -> None:
    make(api, "At home")
    api.post("tasks", {"title": "In the inbox"})
    api.patch("projects/HOME", {"key": "HUS", "name": "Mein Häuschen"})
    for name in ("HUS", "home", '"mein hauschen"', str(world.home.pk)):
        assert titles(api, f"project = {name}") == ["At home"], name
    assert titles(api, "project = inbox") == ["In the inbox"]
    assert titles(api, "project != inbox") == ["At home"]
    assert titles(api, "project ~ hausch") == ["At home"]


def test_what_a_reader_does_not_see_matches_nothing(api: Api, bob_api: Api, world: World) -> None:
    secret = make(bob_api, "Secret", project="WORK")
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    task = make(api, "Mine", assignees=["bob"])
    bob_api.patch(f"tasks/{task['key']}", {"blocked_by": [secret["id"]]})
    assert titles(bob_api, "blocked") == ["Mine"]
    assert titles(api, "blocked") == []
    for expression in ("project = WORK", f"project = {world.work.pk}", "key = WORK-1", f"key = {secret['id']}"):
        assert titles(api, expression) == []
        assert titles(api, f"not {expression}") == ["Mine"]
    assert titles(api, "title ~ e or not title ~ e") == ["Mine"]


def test_a_token_limited_to_a_project_filters_only_there(api: Api, world: World) -> None:
    make(api, "At home")
    api.post("tasks", {"title": "In the inbox"})
    token = api.post("auth/tokens", {"name": "x", "projects": ["HOME"]}).json()["token"]
    narrow = Api(None, Authorization=f"Bearer {token}")
    assert titles(narrow, "project in (inbox, home)") == ["At home"]
    assert titles(narrow, "not project = home") == []


def test_a_moved_task_and_parents_go_by_any_key(api: Api) -> None:
    parent = make(api, "Parent")
    make(api, "Child", parent=parent["id"])
    api.post(f"tasks/{parent['key']}/move", {"project": "IN1"})
    assert titles(api, "key = home-1") == ["Parent"]
    assert titles(api, "key ~ in1 and title ~ parent") == ["Parent"]
    make(api, "New child", project="IN1", parent="HOME-1")
    assert "New child" in titles(api, "parent = HOME-1")


def test_a_filtered_list_asks_the_database_as_often_for_one_row_as_for_many(api: Api) -> None:
    expression = "(label = x or assignee = me or project = home) and not blocked and parent != HOME-99 or key ~ HOME"

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            titles(api, expression)
        return len(queries)

    parent = make(api, "Parent")
    make(api, "First", labels=["x"], parent=parent["id"])
    few = count()
    for number in range(20):
        make(api, f"Task {number}", labels=["x"], parent=parent["id"], assignees=["ada"])
    assert count() == few


# Saved filters.


def test_a_filter_is_kept_changed_used_and_deleted(api: Api) -> None:
    made = keep(api, name="Hot", expression="priority >= high", ordering="-title")
    assert made == {
        "id": made["id"],
        "name": "Hot",
        "expression": "priority >= high",
        "ordering": "-title",
        "builtin": False,
        "version": 1,
    }
    for title, priority in (("A", "high"), ("B", "urgent"), ("C", "low")):
        make(api, title, priority=priority)
    used = api.get(f"tasks?saved={made['id']}").json()["results"]
    assert [task["title"] for task in used] == ["B", "A"]
    turned = api.get(f"tasks?saved={made['id']}&ordering=title&filter=title+!=+B").json()["results"]
    assert [task["title"] for task in turned] == ["A"]
    address = f"filters/{made['id']}"
    changed = api.patch(address, {"expression": "priority = low"}, **{"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.headers["ETag"]) == (200, 2, '"2"')
    assert api.patch(address, {"name": "x"}, **{"If-Match": '"1"'}).status_code == 412
    assert api.get(address).json() == changed.json()
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.get(f"tasks?saved={made['id']}").json()["errors"][0]["field"] == "saved"


def test_an_expression_and_an_ordering_are_checked_when_they_are_saved(api: Api) -> None:
    wrong = {"name": "x", "expression": " priority = huge", "ordering": "colour"}
    response = api.post("filters", wrong)
    assert response.status_code == 400
    expression, ordering = response.json()["errors"]
    assert (expression["field"], expression["code"], expression["position"]) == ("expression", "syntax", 12)
    assert (ordering["field"], ordering["code"]) == ("ordering", "invalid")
    made = keep(api)
    assert api.patch(f"filters/{made['id']}", {"ordering": "due,-due"}).json()["errors"][0]["code"] == "repeated"
    assert api.get(f"filters/{made['id']}").json() == made


def test_orders_are_those_of_the_list_of_tasks() -> None:
    assert [name for name, _ in parse_order({"ordering": ",".join(ORDERS)}).keys] == list(ORDERS)


def test_filters_are_ones_own(api: Api, bob_api: Api) -> None:
    made = keep(api)
    for response in (
        bob_api.get(f"filters/{made['id']}"),
        bob_api.patch(f"filters/{made['id']}", {"name": "x"}),
        bob_api.delete(f"filters/{made['id']}"),
    ):
        assert response.status_code == 404
    assert bob_api.get(f"tasks?saved={made['id']}").json()["errors"][0]["code"] == "not_found"
    assert [found["name"] for found in bob_api.get("filters").json()["results"]] == BUILTIN


BUILTIN = ["inbox", "today", "upcoming", "overdue"]


def test_built_in_filters_come_first_and_stay_as_they_are(api: Api) -> None:
    made = keep(api)
    listed = api.get("filters").json()
    assert [found["id"] for found in listed["results"]] == [*BUILTIN, made["id"]]
    assert [found["builtin"] for found in listed["results"]] == [True] * 4 + [False]
    for name in BUILTIN:
        assert api.get(f"filters/{name}").json()["name"] == name
        for refused in (api.patch(f"filters/{name}", {"name": "x"}), api.delete(f"filters/{name}")):
            assert (refused.status_code, refused.json()["code"]) == (403, "builtin")


def test_the_list_of_filters_comes_in_pages(api: Api) -> None:
    own = [keep(api, name=str(number))["id"] for number in range(3)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.get(f"filters?limit=2{cursor}").json()
        assert len(page["results"]) <= 2
        seen += [found["id"] for found in page["results"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [*BUILTIN, *own]
    assert api.get("filters?cursor=x").json()["errors"][0]["field"] == "cursor"


def test_a_person_keeps_a_bounded_number_of_filters(api: Api, world: World, clock: FrozenClock) -> None:
    held = [
        SavedFilter(owner=world.ada, name=str(n), expression="due", created_at=clock.moment)
        for n in range(MOST_FILTERS)
    ]
    SavedFilter.objects.bulk_create(held)
    refused = api.post("filters", {"name": "One more", "expression": "due"})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("inbox", ["In the inbox"]),
        ("today", ["Yesterday", "Today"]),
        ("upcoming", ["Tomorrow", "Far away"]),
        ("overdue", ["Yesterday"]),
    ],
)
def test_built_in_filters_find_what_they_are_called(
    api: Api, world: World, clock: FrozenClock, name: str, expected: list[str]
) -> None:
    world.join(world.home, world.bob, ProjectRole.MEMBER)
    for title, day in (("Today", "24"), ("Tomorrow", "25"), ("Yesterday", "23")):
        make(api, title, due_date=f"2026-11-{day}")
    make(api, "Far away", due_date="2028-01-01", assignees=["ada"])
    make(api, "Done", due_date="2026-11-23", status="done")
    make(api, "Somebody else's", due_date="2026-11-23", assignees=["bob"])
    api.post("tasks", {"title": "In the inbox"})
    found = api.get(f"tasks?saved={name}").json()["results"]
    assert [task["title"] for task in found] == expected


@pytest.mark.parametrize(("expression", "position"), [("label = a%00", 9), ("%07", 0), ('title ~ "a%0bb"', 10)])
def test_a_control_character_is_named_with_its_position(api: Api, expression: str, position: int) -> None:
    response = api.get(f"tasks?filter={expression}")
    assert response.status_code == 400
    found = response.json()["errors"][0]
    assert (found["field"], found["code"], found["position"]) == ("filter", "syntax", position)
