"""Requests are UTF-8, whatever their Content-Type says.

Django reads even the query string by the charset of Content-Type, while it builds the request: `charset=base64`, which
is a codec but no charset, ends outside of everything that could answer.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from django.utils.http import parse_header_parameters

Environ: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[[Environ, Any], Iterable[bytes]]

#: Where the WSGI environment names the charset that was taken out of Content-Type.
REFUSED = "taskflow.refused_charset"
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}


def read_as_utf8(application: Application) -> Application:
    """`application`, which sees no charset but UTF-8; a view finds the refused one in `request.META[REFUSED]`."""

    def call(environ: Environ, start_response: Any) -> Iterable[bytes]:
        content_type = environ.get("CONTENT_TYPE") or ""
        if "charset" in content_type.lower():
            charset = _find_charset(content_type)
            if charset not in _UTF8:
                environ[REFUSED] = charset
                environ["CONTENT_TYPE"] = content_type.partition(";")[0]
        return application(environ, start_response)

    return call


def _find_charset(content_type: str) -> str:
    try:
        _, parameters = parse_header_parameters(content_type)
    except (LookupError, ValueError):
        return "unknown"
    return parameters.get("charset", "utf-8").lower()
