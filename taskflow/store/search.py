"""Finding tasks by words: `search_condition`, over an index of each database that answers as reading every row would.

`domain/text.py` makes the words, the same for what is stored and what is asked: folded, cut, one space before each in
`store_task.search_text`. The databases only compare beginnings of words byte by byte, so their answers cannot differ.
`docs/adr/0006-search-by-an-index-over-our-own-words.md` has the reasons and measurements.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

from taskflow.store.search_index import has_fts5
from taskflow.store.sql import Sql, join


def search_condition(words: Sequence[str]) -> Sql:
    """That the task `t` has, for each of `words` (of `domain.text.words`), a word that begins with it."""
    if not words:
        return join("AND", [])
    if connection.vendor == "postgresql":
        return by_tsvector(words)
    return by_fts5(words) if has_fts5() else by_reading(words)


def with_words(rows: models.QuerySet[Any], words: Sequence[str], task: str = "pk") -> models.QuerySet[Any]:
    """`rows` whose `task` (the name of the field that holds a task's key) matches every word."""
    found = search_condition(words)
    text = f"SELECT t.id FROM store_task t WHERE {found.text}"
    return rows.filter(**{f"{task}__in": RawSQL(text, found.params)})  # noqa: S611 - the same


def by_tsvector(words: Sequence[str]) -> Sql:
    """PostgreSQL's form: the generated column `search_vector` and its GIN index."""
    # A quoted lexeme is taken as it stands; quotes and backslashes are never part of a word.
    # SELECT hides the words from the planner, which else makes a plan for every search: that takes longer than this.
    return Sql("t.search_vector @@ (SELECT CAST(%s AS tsquery))", (" & ".join(f"'{word}':*" for word in words),))


def by_fts5(words: Sequence[str]) -> Sql:
    """SQLite's form: the FTS5 table, whose row numbers the map turns into tasks."""
    return Sql(
        "t.id IN (SELECT m.task_id FROM task_search s JOIN task_search_map m ON m.docid = s.rowid "
        "WHERE task_search MATCH %s)",
        (" ".join(f'"{word}"*' for word in words),),
    )


def by_reading(words: Sequence[str]) -> Sql:
    """The form of an SQLite without FTS5: every row is read."""
    # '_' is part of words, and LIKE takes it for any character.
    patterns = ["% " + word.replace("_", "\\_") + "%" for word in words]
    return join("AND", [Sql("t.search_text LIKE %s ESCAPE '\\'", (pattern,)) for pattern in patterns])
