"""Optimistic concurrency: a change may name the version that it was made against."""

from taskflow.domain.errors import StaleVersion


def check_version(current: int, expected: int | None) -> None:
    """`StaleVersion` when `expected` is given and is not `current`."""
    if expected is not None and expected != current:
        raise StaleVersion(current)
