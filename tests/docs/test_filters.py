"""docs/filters.md: its examples find what they say, and its tables are those of the program."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from taskflow.application.members import add_member
from taskflow.domain.filters.builtin import BUILTIN
from taskflow.domain.filters.expressions import Base, Name, Operator
from taskflow.domain.filters.fields import FIELDS
from taskflow.domain.permissions import ProjectRole
from tests.conftest import Api, FrozenClock, World
from tests.docs.blocks import ROOT, blocks

PAGE = ROOT / "docs" / "filters.md"


def table(heading: str) -> list[list[str]]:
    """The cells of the rows below a table's heading line."""
    text = PAGE.read_text(encoding="utf-8")
    rows = text[text.index(f"| {heading}") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def words(cell: str) -> list[str]:
    return [word for code in re.findall(r"`([^`]+)`", cell) for word in code.split()]


@pytest.fixture
def examples(api: Api, world: World, clock: FrozenClock) -> Api:
    """The tasks that the page describes, in its order."""
    add_member(world.ada.as_actor(), world.home.pk, "bob", ProjectRole.MEMBER)

    def make(title: str, **fields: Any) -> str:
        response = api.post("tasks", {"title": title} | fields)
        assert response.status_code == 201, response.content
        return str(response.json()["key"])

    make("Pay rent", project="HOME", priority="high", due_date="2026-11-23", labels=["money"])
    plumber = {"priority": "urgent", "due_at": "2026-11-24T15:00:00Z", "estimate_minutes": 15}
    make("Call the plumber", project="HOME", assignees=["ada"], **plumber)
    paint = make("Buy paint", project="HOME", due_date="2026-11-28", labels=["shopping"], estimate_minutes=90)
    hall = make("Paint the hall", project="HOME", start_date="2026-12-01", blocked_by=[paint], assignees=["bob"])
    corner = "Start with the **Café** corner"
    whole = make("Renovate", project="HOME", priority="low", status="in_progress", description=corner)
    api.patch(f"tasks/{hall}", {"parent": whole})
    make("Read a book")
    make("File taxes", due_date="2026-11-20", status="done")
    return api


def test_the_examples_find_what_the_page_says(examples: Api) -> None:
    named = [cells[0] for cells in table("task | has")]
    made = examples.get("tasks?ordering=created_at").json()["results"]
    assert sorted(task["title"] for task in made) == sorted(named)
    rows = table("filter | finds")
    assert len(rows) > 30
    for filter_cell, finds in rows:
        response = examples.get(f"tasks?filter={quote(filter_cell.strip('`'))}")
        assert response.status_code == 200, (filter_cell, response.content)
        found = {task["title"] for task in response.json()["results"]}
        assert ", ".join(title for title in named if title in found) == finds, filter_cell


def test_the_table_of_names_is_that_of_the_language() -> None:
    found = {name: set(words(row[1])) for row in table("name | operators") for name in words(row[0])}
    assert found == {name.value: {operator.value for operator in FIELDS[name].operators} for name in Name}
    assert {operator for operators in found.values() for operator in operators} == set(Operator)


def test_the_table_of_dates_has_every_word() -> None:
    assert set(Base) <= {word for row in table("written | means") for word in words(row[0])}


def test_the_built_in_filters_are_those_of_the_program() -> None:
    shown = [tuple(cell.strip("`") for cell in row) for row in table("id | expression")]
    assert shown == [(found.name, found.expression, found.ordering) for found in BUILTIN.values()]


def test_the_error_is_the_one_that_is_answered(api: Api) -> None:
    (shown,) = [json.loads(block.text) for block in blocks(PAGE) if block.language == "json"]
    assert api.get("tasks?filter=priority%20=%20huge").json() == shown
