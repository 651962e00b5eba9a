"""`Idempotency-Key`: a POST that is repeated gets its first answer again.

The record is written in the transaction of the request itself. Whoever comes second waits for the first to commit,
then finds its answer; if the first failed, the second runs.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from taskflow.application import ports
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Actor
from taskflow.interfaces.api.problems import CONTENT_TYPE, problem
from taskflow.store.models import IdempotencyRecord

HEADER = "Idempotency-Key"
LIFETIME = timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")


def answer_once(request: Request, actor: Actor, handler: Callable[[], Response]) -> Response:
    """`handler`'s answer, or the kept one of the same actor, method, path and key; 422 when the body differs."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or actor.user_id is None:
        return handler()
    if not _KEY.fullmatch(key):
        raise Invalid.field(HEADER, "invalid", "The key is 1 to 255 printable ASCII characters without spaces.")
    digest = _digest(request)
    same = {"user_id": actor.user_id, "method": "POST", "path": request.path[:500], "key": _name(actor, key)}
    try:
        with transaction.atomic():
            IdempotencyRecord.objects.filter(**same, created_at__lt=ports.now() - LIFETIME).delete()
            record = IdempotencyRecord.objects.create(**same, body_digest=digest, created_at=ports.now())
            response = handler()
            _keep(record, response)
            return response
    except IntegrityError:
        first = IdempotencyRecord.objects.filter(**same).first()
        if first is None:
            raise
    return _repeat(first, digest)


def _name(actor: Actor, key: str) -> str:
    """SHA-256 of the key and of the credential's limits: a narrow token gets no answer that a wider one was given."""
    scopes = None if actor.scopes is None else sorted(actor.scopes)
    projects = None if actor.projects is None else sorted(map(str, actor.projects))
    return hashlib.sha256(json.dumps([key, scopes, projects]).encode()).hexdigest()


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
                    add(value.read())
                    value.seek(0)
                else:
                    add(str(value).encode())
    else:
        add(JSONEncoder(sort_keys=True).encode(request.data).encode())
    return digest.hexdigest()


def _keep(record: IdempotencyRecord, response: Response) -> None:
    record.status = response.status_code
    record.headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    record.body = b"" if response.data is None else JSONEncoder().encode(response.data).encode()
    record.save(update_fields=["status", "headers", "body"])


def _repeat(record: IdempotencyRecord, digest: str) -> Response:
    if record.body_digest != digest:
        detail = f"This {HEADER} was used with another body. Use a new key for a new request."
        return Response(problem(422, "idempotency_key_reused", detail), status=422, content_type=CONTENT_TYPE)
    body = bytes(record.body)
    response = Response(json.loads(body) if body else None, status=record.status)
    for name, value in record.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response
