"""What one method of an address takes and gives: the declarations that the API's documents are made of.

An endpoint holds one `Operation` a method, beside its `actions`. What follows from others is not repeated: statuses
such as 401 or 422 come from the action and the method, an ETag from the answer's `version`. The query parameters that
are named here are also the only ones that the endpoint takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rest_framework import serializers

from taskflow.interfaces.api.fields import StrictSerializer
from taskflow.interfaces.api.pages import DEFAULT_LIMIT, MOST

Schema: TypeAlias = Mapping[str, Any]
Document: TypeAlias = type[serializers.Serializer[Any]]


class NoFields(StrictSerializer):
    """Nothing: leave the body out, or send `{}`."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter; `schema` is JSON Schema. A list is written with commas."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})


def list_of(name: str, description: str, choices: Sequence[str] = ()) -> Query:
    """A parameter that takes several values with commas."""
    items: dict[str, Any] = {"type": "string", "pattern": "^[^,\\s]+$"}
    if choices:
        items = {"type": "string", "enum": list(choices)}
    return Query(name, description, {"type": "array", "items": items, "minItems": 1, "maxItems": 100})


def flag(name: str, description: str) -> Query:
    """A parameter that is `true` or `false`."""
    return Query(name, description, {"type": "boolean"})


PAGE = (
    Query(
        "limit",
        "How many at most",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
    ),
    Query("cursor", "Where to go on: `next_cursor` of the page before, with the same ordering"),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of an address.

    `name` is the operationId; `summary` may be left out where the endpoint's docstring says it. `answers` has the good
    statuses; None stands for an empty answer. `paged` wraps the answer into `{results, next_cursor}` and takes `limit`
    and `cursor`. `conditional` takes `If-Match`. `conflicts` says when a 409 comes, `hides` that what the body names
    may not be there for the reader (404). `waits` takes `Prefer: wait=N`. `located` are the statuses that come with
    `Location`. `media` is the form of a request's body, `forms` are those of an answer that is not plain JSON.
    """

    name: str
    answers: Mapping[int, Document | None]
    summary: str = ""
    body: type[StrictSerializer] | None = None
    query: tuple[Query, ...] = ()
    paged: bool = False
    conditional: bool = False
    hides: bool = False
    conflicts: str = ""
    waits: bool = False
    located: tuple[int, ...] = (201, 202)
    media: str = "application/json"
    forms: Mapping[str, Schema] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[Query, ...]:
        """Every query parameter."""
        return (*PAGE, *self.query) if self.paged else self.query
