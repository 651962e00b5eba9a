"""What the OpenAPI document says beside what FastAPI finds out by itself."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from taskflow.gateway.documents import Suggestion
from taskflow.gateway.limits import OPEN
from taskflow.gateway.publishing import MOST_EVENTS
from taskflow.plugin_api import Health, ModelInfo

_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        **{name: {"type": "string", "minLength": 1} for name in ("id", "source", "type")},
        "time": {"type": "string", "format": "date-time"},
    },
}
_EVENTS = {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": MOST_EVENTS}
#: For `openapi_extra`: the body is read whatever its Content-Type says.
EVENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": _EVENT},
            "application/cloudevents-batch+json": {"schema": _EVENTS},
            "application/json": {"schema": {"oneOf": [_EVENT, _EVENTS]}},
        },
    }
}


class FieldProblem(BaseModel):
    """What is wrong with a field of the body."""

    field: str
    code: str
    detail: str
    #: Of the event, in a list of them.
    index: int | None = None


class Problem(BaseModel):
    """An RFC 9457 problem; some have more members."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] = []


class BatchAnswer(BaseModel):
    """In the order of the questions."""

    results: list[Suggestion | Problem]


class CheckAnswer(Health):
    """How a provider is, and the milliseconds that finding out took."""

    latency_ms: float


class EmbedAnswer(BaseModel):
    """`vectors` is null where the provider has no model for that."""

    vectors: list[list[float]] | None
    model: str


class ModelsAnswer(BaseModel):
    """The models that a provider has at hand."""

    results: list[ModelInfo]


class PublishAnswer(BaseModel):
    """How many events the broker has confirmed."""

    published: int


def describe(app: FastAPI) -> None:
    """Says what `TokenCheck` asks for, and that every failure is a problem document: none is the 422 of FastAPI's."""
    document = app.openapi()
    components = document["components"]
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for name in ("CheckAnswer", "Pull"):
        # Those of a plugin have no more members; an answer brings notes along.
        components["schemas"][name].pop("additionalProperties")
    schema = {"$ref": "#/components/schemas/Problem"}
    problem = {"description": "A problem.", "content": {"application/problem+json": {"schema": schema}}}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
            if path in OPEN:
                operation["security"] = []
