"""What must hold in a database after any number of kills, read without a line of TaskFlow's own code."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import psycopg

from tests.soak.load import Acknowledged

_CHANGES = {"taskflow.task.updated", "taskflow.task.completed", "taskflow.task.reopened"}


class Database(Protocol):
    """A database opened for reading."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    def find_damage(self) -> list[str]: ...

    def indexed_words(self) -> dict[str, set[str]]: ...

    def close(self) -> None: ...


class SqliteFile:
    """The file of an instance that has ended."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._base.execute(sql).fetchall()

    def find_damage(self) -> list[str]:
        found = [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"foreign key: {row}" for row in self.rows("PRAGMA foreign_key_check")]
        try:
            self._base.execute("INSERT INTO task_search (task_search) VALUES ('integrity-check')")
        except sqlite3.DatabaseError as error:
            found.append(f"task_search: {error}")
        return found

    def indexed_words(self) -> dict[str, set[str]]:
        """Task → the words that the index has of it."""
        self._base.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, task_search, instance)")
        found: dict[str, set[str]] = defaultdict(set)
        for pk, term in self.rows(
            "SELECT m.task_id, v.term FROM temp.terms v JOIN task_search_map m ON m.docid = v.doc"
        ):
            found[plain(pk)].add(term)
        return found

    def close(self) -> None:
        self._base.close()


class PostgresDatabase:
    """The database of an instance that has ended."""

    def __init__(self, address: str) -> None:
        self._base = psycopg.connect(address, autocommit=True)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._base.execute(sql.encode()).fetchall()

    def find_damage(self) -> list[str]:
        """Every table's pages and every B-tree against its table, by PostgreSQL's own checker."""
        self._base.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
        found = [
            str(row)
            for row in self.rows(
                "SELECT c.relname, h.* FROM pg_class c CROSS JOIN LATERAL verify_heapam(c.oid) h "
                "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
            )
        ]
        self.rows(
            "SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam "
            "WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace"
        )
        return found

    def indexed_words(self) -> dict[str, set[str]]:
        """Task → those of its lexemes by which the GIN index, and not a scan, finds it."""
        self._base.execute("SET enable_seqscan = off")
        found: dict[str, set[str]] = defaultdict(set)
        terms = self.rows("SELECT word FROM ts_stat('SELECT search_vector FROM store_task')")
        for (term,) in terms:
            query = f"SELECT id FROM store_task WHERE search_vector @@ CAST('''{term}''' AS tsquery)"
            for (pk,) in self.rows(query):
                found[plain(pk)].add(term)
        return found

    def close(self) -> None:
        self._base.close()


def plain(pk: object) -> str:
    """A UUID of either database in the API's form."""
    return str(UUID(str(pk)))


def find_faults(database: Database, clients: Iterable[Acknowledged]) -> list[str]:
    """Everything that is not as it must be; empty when all is well."""
    return [
        *database.find_damage(),
        *_check_streams(database),
        *_check_jobs(database),
        *_check_tasks(database, clients),
        *_check_search(database),
    ]


def _check_streams(database: Database) -> Iterable[str]:
    """Numbers without a gap, up to the head."""
    for stream, head, count, least, most in database.rows(
        "SELECT s.id, s.head, count(e.id), min(e.seq), max(e.seq) FROM store_eventstream s "
        "LEFT JOIN store_event e ON e.stream_id = s.id GROUP BY s.id, s.head"
    ):
        if (count, least, most) != ((head, 1, head) if head else (0, None, None)):
            yield f"stream {stream}: head {head}, but {count} events from {least} to {most}"


def _check_jobs(database: Database) -> Iterable[str]:
    for kind, state, attempts, error in database.rows(
        "SELECT kind, state, attempts, last_error FROM store_job WHERE state IN ('running', 'dead')"
    ):
        yield f"job {kind} is {state} after {attempts} attempts: {error}"


def _check_tasks(database: Database, clients: Iterable[Acknowledged]) -> Iterable[str]:
    """Every row has the events of its changes, and every acknowledged change its row."""
    tasks = {
        plain(pk): (title, status, version)
        for pk, title, status, version in database.rows("SELECT id, title, status, version FROM store_task")
    }
    events: dict[str, Counter[str]] = defaultdict(Counter)
    told: set[str] = set()
    for pk, kind, data in database.rows("SELECT task_id, type, data FROM store_event WHERE task_id IS NOT NULL"):
        events[plain(pk)][kind] += 1
        if kind == "taskflow.task.commented":
            told.add((data if isinstance(data, dict) else json.loads(data))["comment"])
    for pk, (_, _, version) in tasks.items():
        if events[pk]["taskflow.task.created"] != 1:
            yield f"task {pk}: {events[pk]['taskflow.task.created']} events of its creation"
        changes = sum(events[pk][kind] for kind in _CHANGES)
        if changes != version - 1:
            yield f"task {pk}: version {version}, but {changes} events of changes"
    comments = {plain(row[0]) for row in database.rows("SELECT id FROM store_comment")}
    for pk in comments ^ told:
        yield f"comment {pk}: it and its event are not both there"
    advice = {plain(pk): state for pk, state in database.rows("SELECT id, state FROM store_suggestion")}
    for pk, state in advice.items():
        if state in {"queued", "failed"}:
            yield f"suggestion {pk} is {state}"
    for done in clients:
        for pk, version in done.versions.items():
            if pk not in tasks or tasks[pk][2] < version:
                yield f"task {pk}: version {version} was acknowledged, there is {tasks.get(pk)}"
            elif tasks[pk][2] == version and tasks[pk][0] != done.titles[pk]:
                yield f"task {pk}: {done.titles[pk]!r} was acknowledged, there is {tasks[pk]}"
        for pk in done.completed:
            if pk in tasks and tasks[pk][1] != "done":
                yield f"task {pk}: its completion was acknowledged, there is {tasks[pk]}"
        yield from (f"comment {pk} was acknowledged and is missing" for pk in done.comments - comments)
        yield from (f"suggestion {pk} was acknowledged and is missing" for pk in done.suggestions - advice.keys())


def _check_search(database: Database) -> Iterable[str]:
    """The index has of each task exactly the words that the task has."""
    indexed = database.indexed_words()
    rows = database.rows("SELECT id, search_text FROM store_task")
    for pk, text in rows:
        if indexed.pop(plain(pk), set()) != set(text.split()):
            yield f"search: the index and the words of {pk} differ"
    yield from (f"search: the index has a task {pk} that is not there" for pk in indexed)
