"""Django's DATABASES from an instance's settings."""

from typing import Any

import dj_database_url

from taskflow.config import Settings

#: WAL lets readers go on beside the one writer. FULL costs one fsync a commit and is what keeps a committed change
#: through a power cut; NORMAL keeps it only through the death of a process.
_SQLITE_SESSION = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;"


def build_databases(settings: Settings) -> dict[str, dict[str, Any]]:
    """The one database. SQLite takes its write lock at BEGIN: a deferred read-then-write fails at once when busy."""
    parsed: dict[str, Any] = dict(dj_database_url.parse(settings.database_address))
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        parsed["OPTIONS"] = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": _SQLITE_SESSION}
        parsed["TEST"] = {"NAME": str(settings.data_dir / "test.sqlite3")}
        # Requests run on a fixed set of threads, so each keeps one connection for good.
        parsed["CONN_MAX_AGE"] = None
    else:
        parsed["CONN_MAX_AGE"] = 60
        parsed["CONN_HEALTH_CHECKS"] = True
    return {"default": parsed}
