"""Finding a bearer token: every request does."""

from typing import Any

from taskflow.store.models import ApiToken, User
from taskflow.store.rows import build, columns, fetch, width
from taskflow.store.sql import Sql

#: Digest → the row that was read last, and what was made of it. An unchanged row means an unchanged token: making the
#: two instances anew costs as much as reading the row.
_known: dict[str, tuple[tuple[Any, ...], ApiToken]] = {}
_MOST_KNOWN = 1_000


def read_token(digest: str) -> ApiToken | None:
    """The token with that digest, with its user. Others are given the same instances: they are only to be read."""
    text = (
        f"SELECT {columns(ApiToken, 'k')}, {columns(User, 'u')} FROM store_apitoken k"
        " JOIN store_user u ON u.id = k.user_id WHERE k.digest = %s"
    )
    found = fetch(Sql(text, (digest,)))
    if not found:
        _known.pop(digest, None)
        return None
    row = found[0]
    known = _known.get(digest)
    if known is not None and known[0] == row:
        return known[1]
    token = build(ApiToken, row[: width(ApiToken)])
    token.user = build(User, row[width(ApiToken) :])
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[digest] = row, token
    return token
