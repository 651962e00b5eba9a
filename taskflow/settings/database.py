"""Django's DATABASES from an instance's settings."""

from typing import Any

import dj_database_url

from taskflow.config import Settings
from taskflow.config.database import parse_postgres_address

#: WAL lets readers go on beside the one writer. FULL costs one fsync a commit and is what keeps a committed change
#: through a power cut; NORMAL keeps it only through the death of a process.
_SQLITE_SESSION = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"
#: A statement that runs this often on one connection is prepared: the driver's own default, which Django turns off.
_PREPARE_AFTER = 5
#: Seconds to wait for a connection of the pool. It has more than the process has threads, so this is a server that
#: does not answer.
_POOL_TIMEOUT = 10


def build_databases(settings: Settings) -> dict[str, dict[str, Any]]:
    """The one database."""
    address = settings.database_address
    return {"default": _build_postgres(address) if address.startswith("postgres") else _build_sqlite(settings)}


def _build_sqlite(settings: Settings) -> dict[str, Any]:
    """SQLite takes its write lock at BEGIN: a deferred read-then-write fails at once when busy."""
    return {
        **dj_database_url.parse(settings.database_address),
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": _SQLITE_SESSION},
        "TEST": {"NAME": str(settings.data_dir / "test.sqlite3")},
        # Requests run on a fixed set of threads, so each keeps one connection for good.
        "CONN_MAX_AGE": None,
    }


def _build_postgres(url: str) -> dict[str, Any]:
    """PostgreSQL through a pool of the process: a new connection costs 10 ms.

    Behind PgBouncer nothing is left in a session: no prepared statements, no cursors that outlive a transaction.
    """
    address = parse_postgres_address(url)
    parsed: dict[str, Any] = dict(dj_database_url.parse(address.url, engine="taskflow.store.postgresql"))
    return {
        **parsed,
        "CONN_MAX_AGE": 0,
        "DISABLE_SERVER_SIDE_CURSORS": address.pgbouncer,
        "OPTIONS": {
            **parsed.get("OPTIONS", {}),
            "pool": {"min_size": 1, "max_size": address.pool, "timeout": _POOL_TIMEOUT, "name": "taskflow"},
            # Values travel beside the statement, so that its text is the same each time and can be prepared.
            "server_side_binding": True,
            "prepare_threshold": None if address.pgbouncer else _PREPARE_AFTER,
        },
    }
