"""Middleware of the HTTP interface: bodies that are too large, and one answer form for every error below `/api/`."""

from collections.abc import Callable
from io import BytesIO
from typing import TypeAlias

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse

from taskflow.interfaces.api.problems import problem_response
from taskflow.interfaces.charset import REFUSED

MOST_BYTES = 10 * 1024 * 1024
#: What a client is still sending is read up to here: an answer before the end resets its connection unread.
DRAIN_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024

Handler: TypeAlias = Callable[[HttpRequest], HttpResponse]


def limit_body(get_response: Handler) -> Handler:
    """Answers 413 to a body over 10 MB, before anything else looks at it; measures one that comes in chunks."""

    def handle(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 16 else 0
        if "HTTP_TRANSFER_ENCODING" not in request.META:
            return _refuse(request, size) if size > MOST_BYTES else get_response(request)
        if not _ends_by_itself(request):
            return problem_response(411, "length_required", "Send the body with Content-Length, not in chunks.")
        # Without a length Django takes a body for empty.
        body = request.META["wsgi.input"].read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            return _refuse(request, DRAIN_BYTES)
        request.META.pop("HTTP_TRANSFER_ENCODING")
        request.META.update({"CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)})
        return get_response(WSGIRequest(request.META))

    return handle


def _ends_by_itself(request: HttpRequest) -> bool:
    """Whether the server marks the end of a body in chunks: a2wsgi does, and who says so. Others wait for ever."""
    return "asgi.scope" in request.META or bool(request.META.get("wsgi.input_terminated"))


def _refuse(request: HttpRequest, size: int) -> HttpResponse:
    stream, left = request.META["wsgi.input"], min(size, DRAIN_BYTES)
    while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
        left -= len(chunk)
    response = problem_response(413, "too_large", "The request is larger than 10 MB. Send it in parts.")
    response["Connection"] = "close"
    return response


def refuse_charsets(get_response: Handler) -> Handler:
    """Answers 415 below `/api/` where Content-Type names another charset than UTF-8."""

    def handle(request: HttpRequest) -> HttpResponse:
        if REFUSED in request.META and request.path_info.startswith("/api/"):
            return problem_response(415, "unsupported_charset", "Send UTF-8, and no other charset in Content-Type.")
        return get_response(request)

    return handle


def accept_trailing_slash(get_response: Handler) -> Handler:
    """`/api/v1/tasks/` is `/api/v1/tasks`: half of all HTTP clients write the one, half the other."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/v1/") and request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/")
            request.path = request.path.rstrip("/")
        return get_response(request)

    return handle
