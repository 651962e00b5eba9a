"""`Idempotency-Key`: how a POST is told apart, and how its answer is kept and given again."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import orjson
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from taskflow.application import idempotency
from taskflow.application.idempotency import KeptAnswer, KeyedRequest
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Actor
from taskflow.interfaces.api.rendering import dump

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")


def answer_once(request: Request, actor: Actor, handler: Callable[[], Response]) -> Response:
    """`handler`'s answer, or the kept one of the same actor, method, path and key; 422 when the body differs."""
    return _answer(request, actor, handler, idempotency.answer_once)


def answer_long(request: Request, actor: Actor, handler: Callable[[], Response]) -> Response:
    """`answer_once` for a handler of many transactions that does nothing twice by itself."""
    return _answer(request, actor, handler, idempotency.answer_long)


def _answer(request: Request, actor: Actor, handler: Callable[[], Response], rule: Callable[..., Any]) -> Response:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or actor.user_id is None:
        return handler()
    if not _KEY.fullmatch(key):
        raise Invalid.field(HEADER, "invalid", "The key is 1 to 255 printable ASCII characters without spaces.")
    keyed = KeyedRequest(request.method, request.path, key, _digest(request))
    answer: Response | KeptAnswer = rule(actor, keyed, handler, _keep)
    return _repeat(answer) if isinstance(answer, KeptAnswer) else answer


def _digest(request: Request) -> str:
    """SHA-256 of the query string and the body; of an upload, of its fields and files with their names."""
    digest = hashlib.sha256()

    def add(part: bytes) -> None:
        digest.update(len(part).to_bytes(8, "big") + part)

    add((request.META.get("QUERY_STRING") or "").encode())
    if isinstance(request.data, QueryDict):
        for name, values in sorted(request.data.lists()):
            for value in values:
                add(name.encode())
                if isinstance(value, UploadedFile):
                    add((value.name or "").encode())
                    # The endpoint may have read it already.
                    value.seek(0)
                    add(value.read())
                    value.seek(0)
                else:
                    add(str(value).encode())
    else:
        add(JSONEncoder(sort_keys=True).encode(request.data).encode())
    return digest.hexdigest()


def _keep(response: Response) -> KeptAnswer:
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    body = b"" if response.data is None else dump(response.data)
    return KeptAnswer(response.status_code, headers, body)


def _repeat(kept: KeptAnswer) -> Response:
    response = Response(orjson.loads(kept.body) if kept.body else None, status=kept.status)
    for name, value in kept.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response
