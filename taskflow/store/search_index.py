"""The upkeep of the search index: SQLite's FTS5 table and its triggers; PostgreSQL keeps its column by itself.

Django changes a table of SQLite by copying it, and the triggers go with the old one without a word. So the index is
not made in a migration but made sure of after every `migrate` and at every start: one that is not as it should be is
built anew.

- `task_search` is contentless: the words are in `store_task` and only there, and the triggers hand it the old words
  to forget.
- The `ascii` tokenizer takes every byte above 127 for part of a word, so our words get there as they are. The Unicode
  tables of SQLite's other tokenizer are of 2012 and would split some.
- Without `detail` the index of a long text stays a fraction of it. Prefix indexes were measured: they cost 0.15 ms an
  insert and gain nothing from two letters on.
- `task_search_map` gives each task a number that lasts; an implicit rowid changes at VACUUM.
"""

from functools import cache
from typing import Any

from django.db import connection, transaction

_TABLES = {
    "task_search_map": ("CREATE TABLE task_search_map (docid INTEGER PRIMARY KEY, task_id char(32) NOT NULL UNIQUE)"),
    "task_search": (
        "CREATE VIRTUAL TABLE task_search USING "
        "fts5(words, content='', detail='none', tokenize=\"ascii tokenchars '_'\")"
    ),
}
_TRIGGERS = {
    "task_search_insert": """CREATE TRIGGER task_search_insert AFTER INSERT ON store_task BEGIN
        INSERT INTO task_search_map (task_id) VALUES (new.id);
        INSERT INTO task_search (rowid, words)
            SELECT docid, new.search_text FROM task_search_map WHERE task_id = new.id;
    END""",
    "task_search_update": """CREATE TRIGGER task_search_update AFTER UPDATE OF search_text ON store_task
    WHEN old.search_text <> new.search_text BEGIN
        INSERT INTO task_search (task_search, rowid, words)
            SELECT 'delete', docid, old.search_text FROM task_search_map WHERE task_id = old.id;
        INSERT INTO task_search (rowid, words)
            SELECT docid, new.search_text FROM task_search_map WHERE task_id = new.id;
    END""",
    "task_search_delete": """CREATE TRIGGER task_search_delete AFTER DELETE ON store_task BEGIN
        INSERT INTO task_search (task_search, rowid, words)
            SELECT 'delete', docid, old.search_text FROM task_search_map WHERE task_id = old.id;
        DELETE FROM task_search_map WHERE task_id = old.id;
    END""",
}
#: Makes the index of a database that has none and fills it, in order.
BUILD = (
    *_TABLES.values(),
    "INSERT INTO task_search_map (task_id) SELECT id FROM store_task",
    "INSERT INTO task_search (rowid, words) "
    "SELECT m.docid, t.search_text FROM task_search_map m JOIN store_task t ON t.id = m.task_id",
    *_TRIGGERS.values(),
)
#: What mends each fault that `find_fault` may name.
REMEDY = (
    "taskflow migrate builds it anew on SQLite; on PostgreSQL: "
    "CREATE INDEX store_task_search_vector ON store_task USING gin (search_vector)"
)


@cache
def has_fts5() -> bool:
    """Whether this process's SQLite can keep a full-text index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
        return bool(cursor.fetchone()[0])


def ensure_index(**_: Any) -> None:
    """Build the index where it is missing or not of this release. Cheap when all is well; takes part in signals."""
    if connection.vendor != "sqlite" or find_fault() is None:
        return
    with transaction.atomic():
        if find_fault() is None:
            return
        with connection.cursor() as cursor:
            for name in _TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            # An index that nothing keeps up is worse than none, but without FTS5 its tables cannot even be dropped.
            if not has_fts5():
                return
            for name in _TABLES:
                cursor.execute(f"DROP TABLE IF EXISTS {name}")
            for statement in BUILD:
                cursor.execute(statement)


def find_fault() -> str | None:
    """What is wrong with the index, in a few words; None when nothing is. Writes nothing."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT to_regclass('store_task_search_vector') IS NOT NULL")
            return None if cursor.fetchone()[0] else "PostgreSQL's index store_task_search_vector is missing"
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')")
        present = dict(cursor.fetchall())
        if "store_task" not in present:
            return None
        if not has_fts5():
            return "triggers ask for FTS5, which this SQLite lacks" if _TRIGGERS.keys() & present.keys() else None
        # Letter for letter: a definition that changed means an index to be built anew.
        if any(present.get(name) != sql for name, sql in (_TABLES | _TRIGGERS).items()):
            return "tables or triggers are missing, or of another release"
        cursor.execute(
            "SELECT (SELECT count(*) FROM store_task), (SELECT count(*) FROM task_search_map), "
            "(SELECT count(*) FROM task_search_docsize)"
        )
        tasks, mapped, indexed = cursor.fetchone()
    if tasks == mapped == indexed:
        return None
    return f"{tasks} tasks, {mapped} known to the index, {indexed} in it"
