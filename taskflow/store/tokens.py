"""Finding a bearer token: every request does."""

from taskflow.store.models import ApiToken, User
from taskflow.store.rows import build, columns, fetch, width
from taskflow.store.sql import Sql


def read_token(digest: str) -> ApiToken | None:
    """The token with that digest, with its user."""
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
