"""What a PostgreSQL address may say beside where the database is: `?pool=8&pgbouncer=true&sslmode=require`."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

#: Connections of one process at most: its threads for requests or jobs, and a few for what runs beside them.
DEFAULT_POOL = 12
_MOST_POOL = 1000


@dataclass(frozen=True)
class PostgresAddress:
    """An address for the driver, and what TaskFlow itself is to do.

    `pool` is the greatest number of connections a process keeps. `pgbouncer` says that PgBouncer in transaction mode is
    in between, where two statements may meet two servers: nothing may then rely on the session.
    """

    url: str
    pool: int = DEFAULT_POOL
    pgbouncer: bool = False


def parse_postgres_address(url: str) -> PostgresAddress:
    """Take our own parameters out of a `postgres://` address. ValueError says what is wrong."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    pool, pgbouncer = given.pop("pool", str(DEFAULT_POOL)), given.pop("pgbouncer", "false")
    if not (pool.isascii() and pool.isdecimal() and 1 <= int(pool) <= _MOST_POOL):
        raise ValueError(f"pool={pool} is no number of connections from 1 to {_MOST_POOL}")
    if pgbouncer not in {"true", "false"}:
        raise ValueError(f"pgbouncer={pgbouncer} is neither true nor false")
    return PostgresAddress(urlunsplit(parts._replace(query=urlencode(given))), int(pool), pgbouncer == "true")
