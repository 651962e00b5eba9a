"""Both databases, and an SQLite without FTS5, find the same tasks: those that Python finds by reading all."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from taskflow.domain.text import SEARCH_LENGTH, WORD_LENGTH, search_text, words
from taskflow.store import search_index
from taskflow.store.models import Task
from taskflow.store.search import by_fts5, by_reading, by_tsvector, search_condition, with_words
from taskflow.store.sql import Sql
from tests.conftest import Api
from tests.postgres import open_server

#: Beginnings that texts and queries share, so that something is found.
_STEMS = [
    *(
        "re",
        "Re",
        "résumé",
        "RESUME",
        "rés_2",
        "_re",
        "2026",
        "２０２６",
        "straße",
        "STRASSE",
        "ﬁnal",
        "日本語",
        "日本",
    ),
    *("İstanbul", "हिन्दी", "ไทย", "🙂re", "e\u0301t", "ΣΊΣΥΦΟΣ", "ǅ", "𐐀𐐁", "x\u00b2y", "re'", "a" * WORD_LENGTH),
]
_WORD = st.one_of(st.sampled_from(_STEMS), st.text(max_size=6), st.text("ab_1é", min_size=1, max_size=4))
_TEXT = st.lists(_WORD, max_size=8).map(" ".join) | st.lists(_WORD, max_size=8).map("".join) | st.text(max_size=40)
_QUERY = st.lists(_WORD, min_size=1, max_size=3).map(" ".join)


class Sqlite:
    """The real statements over a table that has what they read."""

    def __init__(self) -> None:
        self.base = sqlite3.connect(":memory:", isolation_level=None)
        self.base.execute("CREATE TABLE store_task (id char(32) PRIMARY KEY, search_text text NOT NULL)")
        for statement in search_index.BUILD:
            self.base.execute(statement)

    def execute(self, text: str, *params: Any) -> None:
        self.base.execute(text.replace("%s", "?"), [p.hex if isinstance(p, UUID) else p for p in params])

    def find(self, condition: Sql) -> set[UUID]:
        text = f"SELECT t.id FROM store_task t WHERE {condition.text}".replace("%s", "?")
        return {UUID(row[0]) for row in self.base.execute(text, condition.params)}


class Postgres:
    """The same on PostgreSQL, in a table that the session takes with it."""

    def __init__(self) -> None:
        self.base = open_server()
        self.base.execute(
            "CREATE TEMP TABLE store_task (id uuid PRIMARY KEY, search_text text NOT NULL, search_vector tsvector "
            "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(ltrim(search_text), ' '))) STORED)"
        )
        self.base.execute("CREATE INDEX ON store_task USING gin (search_vector)")

    def execute(self, text: str, *params: Any) -> None:
        self.base.execute(text.encode(), params)

    def find(self, condition: Sql) -> set[UUID]:
        rows = self.base.execute(f"SELECT t.id FROM store_task t WHERE {condition.text}".encode(), condition.params)
        return {row[0] for row in rows.fetchall()}


@pytest.fixture(scope="module")
def sqlite() -> Iterator[Sqlite]:
    made = Sqlite()
    yield made
    made.base.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    made = Postgres()
    yield made
    made.base.close()


def find_by_reading(texts: dict[UUID, str], query: Sequence[str]) -> set[UUID]:
    return {
        key for key, text in texts.items() if all(any(w.startswith(q) for w in words(text)) for q in query)
    }  # fmt: skip


def compare(base: Any, forms: Sequence[Callable[[Sequence[str]], Sql]], corpus: list[str], queries: list[str]) -> None:
    """Fill, change and empty a table, asking in between."""
    texts = {UUID(int=number): text for number, text in enumerate(corpus, 1)}

    def ask() -> None:
        for query in map(words, queries):
            for form in forms:
                if query:
                    assert base.find(form(query)) == find_by_reading(texts, query), (form, query)

    base.execute("DELETE FROM store_task")
    for key, text in texts.items():
        base.execute("INSERT INTO store_task (id, search_text) VALUES (%s, %s)", key, search_text(text))
    ask()
    first = UUID(int=1)
    texts[first] = queries[0]
    base.execute("UPDATE store_task SET search_text = %s WHERE id = %s", search_text(queries[0]), first)
    ask()
    base.execute("DELETE FROM store_task WHERE id = %s", first)
    del texts[first]
    ask()


_searched = given(st.lists(_TEXT, min_size=1, max_size=6), st.lists(_QUERY, min_size=1, max_size=4))
_bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_bounded
@_searched
@example(["it's a \\ 'quoted' word", "100% _sure_"], ["it s", "100", "_", "quoted w"])
@example(["a" * 5000, "𐐀" * 3000], ["a" * 99, "a" * 5001, "𐐀" * 200])
def test_sqlite_finds_what_reading_finds_with_fts5_and_without(
    sqlite: Sqlite, corpus: list[str], queries: list[str]
) -> None:
    compare(sqlite, (by_fts5, by_reading), corpus, queries)


@pytest.mark.postgres
@_bounded
@_searched
@example(["it's a \\ 'quoted' word", "100% _sure_"], ["it s", "100", "_", "quoted w"])
@example(["a" * 5000, "𐐀" * 3000], ["a" * 99, "a" * 5001, "𐐀" * 200])
def test_postgresql_finds_what_reading_finds(postgres: Postgres, corpus: list[str], queries: list[str]) -> None:
    compare(postgres, (by_tsvector,), corpus, queries)


@pytest.mark.postgres
def test_the_widest_text_fits_both_indexes(sqlite: Sqlite, postgres: Postgres) -> None:
    text = search_text(" ".join(f"{chr(0x10400)}{number}" * 20 for number in range(20_000)))
    assert SEARCH_LENGTH - WORD_LENGTH <= len(text) <= SEARCH_LENGTH
    for base, form in ((sqlite, by_fts5), (postgres, by_tsvector)):
        base.execute("DELETE FROM store_task")
        base.execute("INSERT INTO store_task (id, search_text) VALUES (%s, %s)", UUID(int=1), text)
        assert base.find(form([text.split()[-1]])) == {UUID(int=1)}
        assert base.find(form(["missing"])) == set()


def test_words_are_cut_in_texts_and_in_queries_alike() -> None:
    long = "k" * (WORD_LENGTH + 50)
    assert words(f"{long}x") == words(f"{long}y") == ["k" * WORD_LENGTH]


def test_a_text_ends_with_a_whole_word() -> None:
    text = search_text(" ".join(f"word{number}" for number in range(20_000)))
    assert len(text) <= SEARCH_LENGTH
    last = int(text.rpartition(" word")[2])
    assert text.split() == [f"word{number}" for number in range(last + 1)]


def test_vacuum_moves_no_task_under_another_s_words(sqlite: Sqlite) -> None:
    sqlite.execute("DELETE FROM store_task")
    for number in range(50):
        sqlite.execute("INSERT INTO store_task VALUES (%s, %s)", UUID(int=number), f" word{number}x")
    sqlite.execute("DELETE FROM store_task WHERE id < %s", UUID(int=40))
    sqlite.execute("VACUUM")
    for number in range(50):
        assert sqlite.find(by_fts5([f"word{number}x"])) == ({UUID(int=number)} if number >= 40 else set())


def needs_sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("an index of SQLite's")


@pytest.mark.parametrize("damage", ["DROP TRIGGER task_search_insert", "DELETE FROM task_search_map"])
def test_a_damaged_index_is_noticed_and_built_anew(api: Api, damage: str) -> None:
    needs_sqlite()
    api.post("tasks", {"title": "Water the ferns"})
    with connection.cursor() as cursor:
        cursor.execute(damage)
    assert search_index.find_fault() is not None
    search_index.ensure_index()
    assert search_index.find_fault() is None
    assert [row["title"] for row in api.get("tasks?q=fern").json()["results"]] == ["Water the ferns"]
    api.post("tasks", {"title": "Fern again"})
    assert len(api.get("tasks?q=fern").json()["results"]) == 2


def test_a_table_that_is_copied_keeps_its_words_and_loses_its_triggers(tmp_path: Any) -> None:
    """Django copies the table, drops the old one and renames; what is left is put right after the migration."""
    with closing(sqlite3.connect(tmp_path / "x.sqlite3", isolation_level=None)) as base:
        base.execute("CREATE TABLE store_task (id char(32) PRIMARY KEY, search_text text NOT NULL)")
        for statement in search_index.BUILD:
            base.execute(statement)
        base.execute("INSERT INTO store_task VALUES ('1', ' fern')")
        base.execute("CREATE TABLE new__store_task (id char(32) PRIMARY KEY, search_text text NOT NULL, more int)")
        base.execute("INSERT INTO new__store_task SELECT id, search_text, 1 FROM store_task")
        base.execute("DROP TABLE store_task")
        base.execute("ALTER TABLE new__store_task RENAME TO store_task")
        found = by_fts5(["fern"])
        rows = base.execute(f"SELECT id FROM store_task t WHERE {found.text}".replace("%s", "?"), found.params)
        assert rows.fetchall() == [("1",)]
        triggers = base.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()
        assert triggers == (0,), "if triggers survive one day, ensure_index has less to do"


def test_no_words_narrow_nothing(api: Api) -> None:
    api.post("tasks", {"title": "Anything"})
    assert search_condition([]).params == ()
    assert with_words(Task.objects.all(), []).count() == 1


def test_the_search_uses_the_index(api: Api) -> None:
    api.post("tasks", {"title": "Anything"})
    plan = with_words(Task.objects.all(), ["any"]).explain()
    if connection.vendor == "sqlite":
        assert "VIRTUAL TABLE INDEX" in plan
    else:
        with connection.cursor() as cursor:
            # A table of one row is read faster in any other way.
            for other in ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan"):
                cursor.execute(f"SET LOCAL {other} = off")
        assert "store_task_search_vector" in with_words(Task.objects.all(), ["any"]).explain()
