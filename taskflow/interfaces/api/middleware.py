"""Middleware of the HTTP interface: bodies that are too large, and one answer form for every error below `/api/`."""

from collections.abc import Callable
from typing import TypeAlias

from django.http import HttpRequest, HttpResponse

from taskflow.interfaces.api.problems import problem_response

MOST_BYTES = 10 * 1024 * 1024
#: What a client is still sending is read up to here: an answer before the end resets its connection unread.
DRAIN_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024

Handler: TypeAlias = Callable[[HttpRequest], HttpResponse]


def limit_body(get_response: Handler) -> Handler:
    """Answers 413 to a body over 10 MB, before anything else looks at it."""

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0
        if size <= MOST_BYTES:
            return get_response(request)
        left = min(size, DRAIN_BYTES)
        while left > 0 and (chunk := request.read(min(_CHUNK, left))):
            left -= len(chunk)
        response = problem_response(413, "too_large", "The request is larger than 10 MB. Send it in parts.")
        response["Connection"] = "close"
        return response

    return handle


def accept_trailing_slash(get_response: Handler) -> Handler:
    """`/api/v1/tasks/` is `/api/v1/tasks`: half of all HTTP clients write the one, half the other."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/v1/") and request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/")
            request.path = request.path.rstrip("/")
        return get_response(request)

    return handle
