"""The filters that everybody has."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltinFilter:
    """A filter that comes with TaskFlow; its name is its id."""

    name: str
    expression: str
    ordering: str


_OPEN = "status in (todo, in_progress)"
#: In shared projects, what somebody else has taken on is not one's own day.
_MINE = "(assignee = me or not assignee)"

BUILTIN: Mapping[str, BuiltinFilter] = {
    found.name: found
    for found in (
        BuiltinFilter("inbox", f"project = inbox and {_OPEN}", "rank"),
        BuiltinFilter("today", f"due <= today and {_OPEN} and {_MINE}", "due,-priority"),
        BuiltinFilter("upcoming", f"due > today and {_OPEN} and {_MINE}", "due,-priority"),
        BuiltinFilter("overdue", f"overdue and {_MINE}", "due,-priority"),
    )
}
