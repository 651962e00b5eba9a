"""Pages of lists: stable, complete, and deaf to cursors of others."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import pairwise, product
from typing import Any

import pytest

from taskflow.interfaces.api.seals import seal
from taskflow.store.models import Task
from tests.conftest import Api, World

ORDERS = ["due", "priority", "urgency", "created_at", "updated_at", "rank", "title"]


def walk(api: Api, query: str, limit: int = 3) -> list[dict[str, Any]]:
    """Every row, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        response = api.get(f"tasks?limit={limit}&{query}{cursor}")
        assert response.status_code == 200, response.content
        page = response.json()
        assert len(page["results"]) <= limit
        rows += page["results"]
        if page["next_cursor"] is None:
            return rows
        cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture
def mixed(api: Api) -> None:
    """Tasks with many ties and many missing values."""
    dice = random.Random(7)
    for number in range(14):
        fields: dict[str, Any] = {"title": dice.choice(["b", "a", "ä", "B", "c" * 500, "💣" * 500])}
        if dice.random() < 0.6:
            fields["priority"] = dice.choice(["low", "high"])
        if number % 3 == 0:
            fields["due_date"] = f"2026-12-0{dice.randint(1, 3)}"
        elif number % 3 == 1:
            fields["due_at"] = f"2026-12-0{dice.randint(1, 3)}T09:00:00Z"
        assert api.post("tasks", fields).status_code == 201


@pytest.mark.usefixtures("mixed")
def test_pages_are_the_whole_list_in_its_order_whatever_the_order_is(api: Api) -> None:
    singles = [sign + name for name, sign in product(ORDERS, ("", "-"))]
    pairs = [
        f"{one},{sign}{other}"
        for one, other in pairwise(singles)
        for sign in ("",)
        if one.strip("-") != other.strip("-")
    ]
    for ordering in [*singles, *pairs, "-priority,due,-title", ",".join(ORDERS)]:
        whole = api.get(f"tasks?limit=200&ordering={ordering}").json()["results"]
        assert len(whole) == 14
        for limit in (1, 4):
            assert [row["id"] for row in walk(api, f"ordering={ordering}", limit)] == [row["id"] for row in whole], (
                ordering
            )


@pytest.mark.usefixtures("mixed")
def test_missing_values_come_last_either_way(api: Api) -> None:
    for sign in ("", "-"):
        undated = [row["due_date"] is None and row["due_at"] is None for row in walk(api, f"ordering={sign}due")]
        assert undated == sorted(undated)
        assert 0 < sum(undated) < 14
        undecided = [row["priority"] == "none" for row in walk(api, f"ordering={sign}priority")]
        assert undecided == sorted(undecided)
        assert 0 < sum(undecided) < 14


@pytest.mark.usefixtures("mixed")
def test_mixed_directions_hold_within_ties(api: Api) -> None:
    rows = walk(api, "ordering=-priority,created_at", 2)
    levels = [["none", "low", "high"].index(row["priority"]) for row in rows]
    assert levels == sorted(levels, reverse=True)
    for before, after in pairwise(rows):
        if before["priority"] == after["priority"]:
            assert before["created_at"] <= after["created_at"]


def test_nothing_is_missed_or_repeated_while_others_write(api: Api) -> None:
    def make(title: str, count: int) -> set[str]:
        return {api.post("tasks", {"title": title}).json()["id"] for _ in range(count)}

    for ordering in ("title", "-title", "created_at", "-created_at"):
        Task.objects.all().delete()
        there = make("m", 6)
        seen: list[str] = []
        cursor = ""
        while True:
            page = api.get(f"tasks?limit=2&ordering={ordering}{cursor}").json()
            seen += [row["id"] for row in page["results"]]
            # Before, at and behind the place where the reader is.
            make("a", 1), make("m", 1), make("z", 1)
            if page["next_cursor"] is None or len(seen) > 60:
                break
            cursor = f"&cursor={page['next_cursor']}"
            if len(seen) >= 20:
                break
        assert len(seen) == len(set(seen))
        assert there <= set(seen)


def test_a_row_that_goes_away_takes_no_other_with_it(api: Api) -> None:
    made = [api.post("tasks", {"title": str(number)}).json()["id"] for number in range(6)]
    page = api.get("tasks?limit=2&ordering=created_at").json()
    last = page["results"][-1]["id"]
    assert api.delete(f"tasks/{last}").status_code == 204
    rest = api.get(f"tasks?limit=200&ordering=created_at&cursor={page['next_cursor']}").json()["results"]
    assert [row["id"] for row in rest] == made[2:]


def test_the_last_page_says_so_even_when_it_is_full(api: Api) -> None:
    for number in range(4):
        api.post("tasks", {"title": str(number)})
    first = api.get("tasks?limit=2").json()
    second = api.get(f"tasks?limit=2&cursor={first['next_cursor']}").json()
    assert len(second["results"]) == 2
    assert second["next_cursor"] is None
    assert api.get("tasks?limit=4").json()["next_cursor"] is None


@pytest.mark.parametrize("path", ["tasks", "projects", "filters", "auth/tokens"])
def test_an_empty_limit_is_none(api: Api, path: str) -> None:
    assert api.get(f"{path}?limit=").json()["errors"][0]["field"] == "limit"


def test_a_cursor_that_was_tampered_with_is_refused(api: Api, world: World) -> None:
    for number in range(3):
        api.post("tasks", {"title": str(number)})
    cursor = api.get("tasks?limit=1").json()["next_cursor"]
    forged = [
        cursor[:-1],
        cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        "A" + cursor,
        cursor.swapcase(),
        f".{cursor}",
        f"{cursor}=",
        urlsafe_b64encode(urlsafe_b64decode(cursor + "===")[:-2] + b"9]").decode(),
        "ä",
        *map(seal, (b'["-created_at", []]', b"[]", b'{"a": 1}', b"5")),
    ]
    for text in forged:
        response = api.get(f"tasks?limit=1&cursor={text}")
        assert response.status_code == 400, text
        assert response.json()["errors"][0]["field"] == "cursor"


def test_a_cursor_of_another_order_or_list_is_refused(api: Api) -> None:
    for number in range(3):
        api.post("tasks", {"title": str(number)})
    cursor = api.get("tasks?limit=1&ordering=title").json()["next_cursor"]
    for path in (
        "tasks?ordering=-title&",
        "tasks?ordering=title,due&",
        "tasks?",
        "projects?",
        "users?",
        "tasks/IN1-1/history?",
    ):
        response = api.get(f"{path}cursor={cursor}")
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "cursor"), path


def test_a_cursor_shows_nobody_what_they_may_not_see(api: Api, bob_api: Api) -> None:
    for number in range(3):
        api.post("tasks", {"title": str(number)})
    cursor = api.get("tasks?limit=1").json()["next_cursor"]
    assert bob_api.get(f"tasks?cursor={cursor}").json() == {"results": [], "next_cursor": None}


def test_limits_hold(api: Api) -> None:
    for number in range(51):
        api.post("tasks", {"title": str(number)})
    assert len(api.get("tasks").json()["results"]) == 50
    assert len(api.get("tasks?limit=200").json()["results"]) == 51
