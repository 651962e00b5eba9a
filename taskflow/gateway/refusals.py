"""Why a request is not answered, as an RFC 9457 problem with a `Retry-After` where coming again can help."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from taskflow.plugin_host.state import CallFailed

#: Seconds after which a model that failed may be asked again where it named no time itself.
PAUSE = 5.0
#: Who is asked too much says so; all other failures are the model's.
_TOO_MANY = frozenset({"busy"})


class Refusal(Exception):
    """A request that is not answered. `retry_after` is in seconds; `more` goes into the document."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after: float | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.retry_after, self.more = retry_after, more

    def document(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": f"urn:taskflow:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.more,
        }

    def headers(self) -> dict[str, str]:
        """`Retry-After` in whole seconds, where there is one."""
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}


def refuse_call(failure: CallFailed, **more: Any) -> Refusal:
    """What a plugin's failure is to whoever asked."""
    status = 429 if failure.kind in _TOO_MANY else 503
    wait = PAUSE if failure.retry_after is None else failure.retry_after
    return Refusal(status, failure.kind, failure.message, retry_after=wait, **more)


def _name_field(error: dict[str, Any]) -> str:
    # Of what is no JSON the place is told, which is no field.
    parts = () if error["type"] == "json_invalid" else error["loc"]
    return ".".join(str(part) for part in parts if part != "body") or "body"


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def refuse_fields(errors: Sequence[dict[str, Any]], content_type: str) -> Refusal:
    """What is wrong with a body of this Content-Type; no value is repeated."""
    if errors and errors[0]["type"] == "model_attributes_type" and not _is_json(content_type):
        detail = "Send JSON, and say so: Content-Type: application/json."
        errors = [{"type": "content_type", "loc": ("body",), "msg": detail}]
    found = [
        {
            "field": _name_field(error),
            "code": str(error["type"]),
            "detail": str(error["msg"]),
        }
        for error in errors[:20]
    ]
    return Refusal(400, "invalid", "The request is not valid.", errors=found)
