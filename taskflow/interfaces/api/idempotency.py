"""`Idempotency-Key`: a POST that is repeated gets its first answer again.

The record is written in the transaction of the request itself. Whoever comes second waits for the first to commit,
then finds its answer; if the first failed, the second runs.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

from django.db import IntegrityError, transaction
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
_KEPT_HEADERS = ("ETag", "Location", "Content-Type")


def answer_once(request: Request, actor: Actor, handler: Callable[[], Response]) -> Response:
    """`handler`'s answer, or the kept one of the same actor, method, path and key; 422 when the body differs."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or actor.user_id is None:
        return handler()
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise Invalid.field(HEADER, "invalid", "The key is 1 to 255 printable characters.")
    digest = _digest(request)
    same = {"user_id": actor.user_id, "method": "POST", "path": request.path[:500], "key": key}
    IdempotencyRecord.objects.filter(**same, created_at__lt=ports.now() - LIFETIME).delete()
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(**same, body_digest=digest, created_at=ports.now())
            response = handler()
            _keep(record, response)
            return response
    except IntegrityError:
        first = IdempotencyRecord.objects.filter(**same).first()
        if first is None:
            raise
    return _repeat(first, digest)


def _digest(request: Request) -> str:
    """SHA-256 of the query string and the body; of an upload, of its files and fields."""
    digest = hashlib.sha256((request.META.get("QUERY_STRING") or "").encode())
    files = request.FILES
    if files:
        for name, file in sorted(files.items()):
            digest.update(name.encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    else:
        digest.update(JSONEncoder(sort_keys=True).encode(request.data).encode())
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
