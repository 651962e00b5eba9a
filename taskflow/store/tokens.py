"""Finding a bearer token: every request does."""

import time

from taskflow.store.credential_changes import read_count
from taskflow.store.models import ApiToken, User
from taskflow.store.rows import build, columns, fetch, width
from taskflow.store.sql import Sql

#: Seconds for which a token that was read is good, as long as no credential changed on this machine meanwhile.
REMEMBERED = 1.0
_MOST = 1_000
#: Digest → the count of changes when it was read, until when it is good, and the token.
_known: dict[str, tuple[int, float, ApiToken]] = {}


def find_remembered(digest: str) -> ApiToken | None:
    """The token with that digest, with its user. Others are given the same instances: they are only to be read."""
    # Before the read: a change in between makes what was read count as old.
    count, now = read_count(), time.monotonic()
    known = _known.get(digest)
    if known is not None and known[0] == count and now < known[1]:
        return known[2]
    token = read_token(digest)
    if token is None:
        _known.pop(digest, None)
        return None
    if len(_known) >= _MOST:
        _known.clear()
    _known[digest] = count, now + REMEMBERED, token
    return token


def read_token(digest: str) -> ApiToken | None:
    """The token with that digest as it is stored now, with its user."""
    text = (
        f"SELECT {columns(ApiToken, 'k')}, {columns(User, 'u')} FROM store_apitoken k"
        " JOIN store_user u ON u.id = k.user_id WHERE k.digest = %s"
    )
    found = fetch(Sql(text, (digest,)))
    if not found:
        return None
    token = build(ApiToken, found[0][: width(ApiToken)])
    token.user = build(User, found[0][width(ApiToken) :])
    return token
