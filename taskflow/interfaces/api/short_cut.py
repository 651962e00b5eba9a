"""Requests with a token pass by what is for pages: static files, sessions, messages, CSRF, accounts.

They have no session, and nothing of it may count for them. It is also a tenth of the work of reading a task.
"""

from collections.abc import Callable
from typing import TypeAlias

from django.http import HttpRequest, HttpResponse

Handler: TypeAlias = Callable[[HttpRequest], HttpResponse]

#: Django builds its chain from the inside: what `leave` was given last is the view's end of the chain that `enter` is
#: about to become a part of.
_ends: list[Handler] = []


def leave(get_response: Handler) -> Handler:
    """The last middleware: marks where the chain continues for requests that `enter` sent past the others."""
    _ends[:] = [get_response]
    return get_response


def enter(get_response: Handler) -> Handler:
    """The middleware before those of pages: sends a request of the API with `Authorization: Bearer` past them."""
    end = _ends[0]

    def handle(request: HttpRequest) -> HttpResponse:
        if not _has_token(request):
            return get_response(request)
        # What CommonMiddleware does for everybody: unknown hosts are refused, answers say how long they are.
        request.get_host()
        response = end(request)
        if not response.streaming and not response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
        return response

    return handle


def _has_token(request: HttpRequest) -> bool:
    if not request.path_info.startswith("/api/v1/"):
        return False
    header: str = request.META.get("HTTP_AUTHORIZATION", "")
    return header.lstrip()[:7].lower() == "bearer "
