"""Searching by the index of words and going through tasks in their order find the same (PostgreSQL)."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from taskflow.store import word_shares
from taskflow.store.rows import fetch
from taskflow.store.sql import Sql
from taskflow.store.task_orders import Order
from taskflow.store.task_rows import read_page
from taskflow.store.word_shares import Shares, read_shares
from tests.conftest import Api, World

COMMON, RARE = "paperwork", "giraffe"
ORDERS = (Order((("due", False), ("priority", True))), Order((("title", True),)), Order((("created_at", False),)))


@pytest.fixture
def _analysed(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks of which nearly all have one word and one has another, and statistics that say so."""
    if connection.vendor != "postgresql":
        pytest.skip("statistics of PostgreSQL's")
    for number in range(60):
        rare = RARE if number in {7, 31} else "plain"
        fields: dict[str, Any] = {"project": "HOME", "title": f"{COMMON} {number % 9} {rare}"}
        if number % 3:
            fields |= {"due_date": f"2026-12-{number % 7 + 1:02}", "priority": ("low", "high")[number % 2]}
        assert api.post("tasks", fields).status_code == 201
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE store_task")
    monkeypatch.setattr(word_shares, "_read", None)
    yield
    word_shares._read = None


@pytest.mark.usefixtures("_analysed")
@pytest.mark.django_db
@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.signature)
@pytest.mark.parametrize("words", [[COMMON], [RARE], ["paper", "giraf"], [COMMON, "nobody"]])
def test_both_ways_find_the_same_in_the_same_order(
    world: World, monkeypatch: pytest.MonkeyPatch, order: Order, words: list[str]
) -> None:
    reader, found = world.ada.as_actor(), []
    for frequent in (True, False):
        monkeypatch.setattr(word_shares, "_read", (1e18, Shares(1e6, {word: float(frequent) for word in words})))
        assert read_shares().are_frequent(words, 11) is frequent
        titles, after = [], None
        while True:
            page = read_page(reader, Sql("t.deleted_at IS NULL"), order, limit=11, after=after, words=words)
            titles += [row.id for row in page.rows[:10]]
            if len(page.rows) < 11:
                break
            after = page.places[9]
        found.append(titles)
    assert found[0] == found[1]
    assert len(found[0]) == {COMMON: 60, RARE: 2, "paper": 2}[words[0]] - (60 if "nobody" in words else 0)


@pytest.mark.usefixtures("_analysed")
@pytest.mark.django_db
def test_statistics_tell_frequent_words_from_rare_ones() -> None:
    shares = read_shares()
    assert shares.tasks >= 60
    assert shares.words[COMMON] > 0.9
    assert shares.are_frequent(["paper"], 2)
    assert not shares.are_frequent([COMMON, RARE], 2)


@pytest.mark.django_db
def test_without_statistics_every_word_is_rare() -> None:
    assert not Shares(-1.0, {}).are_frequent(["a"], 51)
    assert not Shares(1e6, {}).are_frequent(["a"], 51)


@pytest.mark.django_db
def test_an_average_project_is_planned_for_as_a_large_one() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("statistics of PostgreSQL's")
    text = "SELECT attoptions FROM pg_attribute WHERE attrelid = 'store_task'::regclass AND attname = 'project_id'"
    assert "n_distinct=5" in fetch(Sql(text))[0][0]
