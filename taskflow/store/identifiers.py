"""Identifiers of rows: UUIDv7, so that newer rows sort after older ones."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562), as the standard library's type."""
    return uuid7()
