"""Answers that are files which people sent: always a download, never something that a browser shows or runs."""

import logging
from urllib.parse import quote

from django.http import FileResponse
from django.utils.http import parse_etags
from rest_framework.request import Request

from taskflow.application import ports
from taskflow.domain.errors import NotFound
from taskflow.store.models import Attachment

log = logging.getLogger(__name__)

#: Asked about every time, so that losing a role ends reading at once.
ASK_AGAIN = "private, no-cache"
#: Characters of RFC 5987's `attr-char` beside letters and digits.
_UNQUOTED = "!#$&+-.^_`|~"


class _Download(FileResponse):
    """Few and large pieces: each one passes through every layer of the server."""

    block_size = 64 * 1024


def has_copy(request: Request, tag: str) -> bool:
    """Whether the client's copy, by `If-None-Match`, is the content with this ETag."""
    held = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in held or tag in {one.removeprefix("W/") for one in held}


def send_download(attachment: Attachment, tag: str) -> FileResponse:
    """The content, read piece by piece. `NotFound` when the file store has lost it, which the log says too."""
    try:
        content = ports.files().open(attachment.blob_name)
    except FileNotFoundError:
        log.error("the content of attachment %s is missing: restore it from a backup", attachment.pk)
        raise NotFound("The server has lost this file. Ask the operator to restore it from a backup.") from None
    response = _Download(content)
    headers = {
        "Content-Type": attachment.content_type,
        "Content-Length": str(attachment.size),
        "Content-Disposition": disposition(attachment.name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": ASK_AGAIN,
        "ETag": tag,
    }
    for name, value in headers.items():
        # Not given to the constructor: Django puts in what it makes of the file's path.
        response.headers[name] = value
    return response


def disposition(name: str) -> str:
    """`Content-Disposition` of a download (RFC 6266): a plain name for old clients, the true one by RFC 5987."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_UNQUOTED)}"
