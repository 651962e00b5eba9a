"""REST: everything of the reader's, as one file."""

from collections.abc import Callable, Iterator

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from taskflow.application import exports
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action, Actor
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.operation import Operation, Query

_FORMS: dict[str, tuple[Callable[[Actor], Iterator[bytes]], str]] = {
    "json": (exports.export_json, "application/json"),
    "csv": (exports.export_csv, "text/csv; charset=utf-8"),
    "zip": (exports.export_zip, "application/zip"),
}


class Export(Endpoint):
    """Everything of the reader's, to take along."""

    actions = {"GET": Action.EXPORT}
    operations = {
        "GET": Operation(
            "export",
            {200: None},
            query=(Query("format", "json without it", {"type": "string", "enum": list(_FORMS)}),),
            forms={
                "application/json": {"type": "object"},
                "text/csv": {"type": "string"},
                "application/zip": {"type": "string", "format": "binary"},
            },
        )
    }

    def get(self, request: Request) -> StreamingHttpResponse:
        """JSON, the tasks alone as CSV, or a zip with the JSON and the files on tasks. Sent as it is made."""
        form = self.query().get("format", "json")
        if form not in _FORMS:
            raise Invalid.field("format", "invalid", f"Give one of {', '.join(_FORMS)}.")
        write, media = _FORMS[form]
        response = StreamingHttpResponse(filter(None, write(self.actor)), content_type=media)
        response["Content-Disposition"] = f'attachment; filename="taskflow-export.{form}"'
        response["Cache-Control"] = "private, no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response
