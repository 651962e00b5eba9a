"""What Django's backend does with every request's connection, without what costs as much as a query.

Django asks a pooled connection with a statement of its own, each time it is taken, whether it still works. Here it is
asked after it has rested for a moment: a busy process would ask a thousand times a second.
"""

import threading
import time
from functools import cache
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection, adapters
from psycopg.adapt import AdaptersMap
from psycopg.pq import Format
from psycopg_pool import ConnectionPool

#: Seconds. Where the server went away within so short a rest, the request is answered with 503, as one that the
#: statement itself met.
RESTED = 1.0


class RestedConnection(Connection[Any]):
    """A connection that knows when it was used last."""

    returned_at = 0.0


class RestingPool(ConnectionPool[RestedConnection]):
    """A pool that checks a connection only after a rest, and gives the one that was used last."""

    def _get_ready_connection(self, timeout: float | None) -> RestedConnection | None:
        # The driver's order is round and round, over servers of which none has anything at hand.
        self._pool.rotate(1)
        return super()._get_ready_connection(timeout)

    def putconn(self, conn: RestedConnection) -> None:
        """Takes a connection back, and remembers when."""
        conn.returned_at = time.monotonic()
        super().putconn(conn)


@cache
def _with_instants(template: AdaptersMap) -> AdaptersMap:
    own = AdaptersMap(template)
    # The driver's own, in C: Django's sets the zone in Python, at 10 µs each. Both give the connection's zone, UTC.
    instants = adapters.get_loader(adapters.types["timestamptz"].oid, Format.TEXT)
    if instants is not None:
        own.register_loader("timestamptz", instants)
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

    @property
    def _binds(self) -> bool:
        """Whether values travel beside statements, which all of TaskFlow's settings ask for."""
        return self.settings_dict["OPTIONS"].get("server_side_binding") is True

    def create_cursor(self, name: str | None = None) -> Any:
        """Django's, without a look at the zone each time: it is always UTC."""
        if not self._binds:
            return super().create_cursor(name)
        if name is None:
            return self.connection.cursor()
        # For rows that are read in parts, outside of a transaction too.
        return self.connection.cursor(name, scrollable=False, withhold=self.connection.autocommit)

    def get_connection_params(self) -> dict[str, Any]:
        """What the driver is told of the database; put together once, for a pooled connection never uses it."""
        name = self.settings_dict["NAME"]
        if self._parameters is None or self._parameters[0] != name:
            parameters = super().get_connection_params()
            if self._binds:
                parameters["context"] = _with_instants(parameters["context"])
            self._parameters = name, parameters
        return dict(self._parameters[1])
