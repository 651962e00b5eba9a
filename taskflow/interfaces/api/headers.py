"""The headers of requests and answers, as the API's documents show them."""

from typing import Any

from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.operation import Document, Operation

Headers = dict[str, dict[str, Any]]

_VERSION = r'^(\*|[0-9]{1,15}|(W/)?"[^"]*")$'


def _text(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"} | schema}


#: Every header of answers, as components of the document.
HEADERS: Headers = {
    "RateLimit": _text("What is left of the limit"),
    "RateLimit-Policy": _text("The limit itself"),
    "Retry-After": _text("Seconds to wait before the next try", type="integer", minimum=1) | {"required": True},
    "WWW-Authenticate": _text("How to sign in") | {"required": True},
    "ETag": _text("The object's version, for If-Match", pattern='^"[0-9]+"$') | {"required": True},
    "Location": _text("The address of what was made", format="uri-reference") | {"required": True},
    "Idempotency-Replayed": _text("Where an earlier answer is repeated", enum=["true"]),
}
_ALWAYS = ("RateLimit", "RateLimit-Policy")


def request_headers(declared: Operation, method: str, endpoint: Endpoint) -> list[dict[str, Any]]:
    """The header parameters of an operation."""
    parameters = []
    if declared.conditional:
        parameters.append(
            _parameter("If-Match", "The ETag of the version that is meant; another one is refused with 412", _VERSION)
        )
    if method == "POST" and endpoint.keeps_answers:
        detail = "Repeats with the same key and body get the first answer again, for 24 hours"
        parameters.append(_parameter("Idempotency-Key", detail, "^[!-~]{1,255}$"))
    if declared.waits:
        detail = "`wait=N`: wait up to N seconds, 30 at most; what is not understood is ignored"
        parameters.append(_parameter("Prefer", detail, ""))
    return parameters


def answer_headers(
    declared: Operation, status: int, document: Document | None, method: str, endpoint: Endpoint
) -> list[str]:
    """The names of a good answer's headers."""
    found = list(_ALWAYS)
    if document is not None and not declared.paged and "version" in document().fields:
        found.append("ETag")
    if status in declared.located:
        found.append("Location")
    if method == "POST" and endpoint.keeps_answers:
        found.append("Idempotency-Replayed")
    return found


def refusal_headers(status: int) -> list[str]:
    """The names of a problem's headers."""
    special = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}
    return [*_ALWAYS, *special.get(status, [])]


def _parameter(name: str, description: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"in": "header", "name": name, "description": description, "schema": schema}
