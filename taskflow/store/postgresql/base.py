"""What Django's backend does with every request's connection, without what costs as much as a query.

Django asks a pooled connection with a statement of its own, each time it is taken, whether it still works. Here it is
asked after it has rested for a moment: a busy process would ask a thousand times a second.
"""

import threading
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg.adapt import AdaptersMap
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool

#: Seconds. Where the server went away within so short a rest, the request is answered with 503, as one that the
#: statement itself met.
RESTED = 1.0


class RestedConnection(Connection[Any]):
    """A connection that knows when it was used last."""

    returned_at = 0.0


class RestingPool(ConnectionPool[RestedConnection]):
    """A pool that checks a connection only after a rest."""

    def putconn(self, conn: RestedConnection) -> None:
        """Takes a connection back, and remembers when."""
        conn.returned_at = time.monotonic()
        super().putconn(conn)


class InstantLoader(TimestamptzLoader):
    """Reads `2026-11-24 09:00:00+00`: the standard library does so in C, the driver in Python, at 10 µs each."""

    #: Django asks a loader for it.
    timezone = UTC

    def load(self, data: Any) -> datetime:
        """The instant in UTC, which is the zone of every connection."""
        try:
            value = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            value = super().load(data)
        return value if value.tzinfo is UTC else value.astimezone(UTC)


@cache
def _with_instants(adapters: AdaptersMap) -> AdaptersMap:
    own = AdaptersMap(adapters)
    own.register_loader("timestamptz", InstantLoader)
    # As Django has it for jsonb: the field reads the text.
    own.register_loader("json", TextLoader)
    return own


def check_rested(connection: RestedConnection) -> None:
    """The pool's check: raises what the driver raises for a connection that is dead."""
    if time.monotonic() - connection.returned_at > RESTED:
        ConnectionPool.check_connection(connection)


_pools_lock = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend's connection of one thread, taken from the process's pool for each request."""

    _parameters: tuple[str | None, dict[str, Any]] | None = None

    @property
    def pool(self) -> Any:
        """The process's pool; None for a connection to no database (`_nodb_cursor`)."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, Any] = self._connection_pools  # type: ignore[attr-defined]
        if self.alias not in pools:
            with _pools_lock:
                if self.alias not in pools:
                    pools[self.alias] = RestingPool(
                        kwargs={**self.get_connection_params(), "autocommit": True},
                        connection_class=RestedConnection,
                        open=False,
                        configure=self._configure_connection,  # type: ignore[attr-defined]
                        check=check_rested,
                        **options,
                    )
        return pools[self.alias]

    def get_connection_params(self) -> dict[str, Any]:
        """What the driver is told of the database; put together once, for a pooled connection never uses it."""
        name = self.settings_dict["NAME"]
        if self._parameters is None or self._parameters[0] != name:
            parameters = super().get_connection_params()
            parameters["context"] = _with_instants(parameters["context"])
            self._parameters = name, parameters
        return dict(self._parameters[1])
