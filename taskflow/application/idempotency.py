"""Requests that are repeated under one key: the first one's answer is kept for 24 hours.

The record is written in the transaction of the request itself. Whoever comes second waits for the first to commit,
then finds its answer; if the first failed, the second runs.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from taskflow.application import ports
from taskflow.domain.errors import KeyReused
from taskflow.domain.permissions import Actor
from taskflow.store.models import IdempotencyRecord

LIFETIME = timedelta(hours=24)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """What makes a request the same again: method, path, key, and the digest of its body (SHA-256, hexadecimal)."""

    method: str
    path: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was first given."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer_once(
    actor: Actor, request: KeyedRequest, produce: Callable[[], T], keep: Callable[[T], KeptAnswer]
) -> T | KeptAnswer:
    """`produce`'s answer, kept in the form that `keep` gives it; or the kept one, if the request came before.

    Raises `KeyReused` when the key came with another body, and whatever `produce` raises: then nothing is kept.
    """
    same = _columns(actor, request)
    try:
        with transaction.atomic():
            IdempotencyRecord.objects.filter(**same, created_at__lt=ports.now() - LIFETIME).delete()
            record = IdempotencyRecord.objects.create(**same, body_digest=request.digest, created_at=ports.now())
            answer = produce()
            kept = keep(answer)
            record.status, record.headers, record.body = kept.status, kept.headers, kept.body
            record.save(update_fields=["status", "headers", "body"])
            return answer
    except IntegrityError:
        first = IdempotencyRecord.objects.filter(**same).first()
        if first is None:
            raise
    return _repeat(first, request)


def answer_long(
    actor: Actor, request: KeyedRequest, produce: Callable[[], T], keep: Callable[[T], KeptAnswer]
) -> T | KeptAnswer:
    """`answer_once` for work of many transactions that does nothing twice by itself: they are not made one.

    Of two requests that come at once, both run, and the answer of the one that ends first is kept.
    """
    same = _columns(actor, request)
    first = IdempotencyRecord.objects.filter(**same, created_at__gte=ports.now() - LIFETIME).first()
    if first is not None:
        return _repeat(first, request)
    answer = produce()
    kept = keep(answer)
    with transaction.atomic():
        IdempotencyRecord.objects.filter(**same, created_at__lt=ports.now() - LIFETIME).delete()
        record = IdempotencyRecord(
            **same,
            body_digest=request.digest,
            status=kept.status,
            headers=kept.headers,
            body=kept.body,
            created_at=ports.now(),
        )
        IdempotencyRecord.objects.bulk_create([record], ignore_conflicts=True)
    return answer


def _columns(actor: Actor, request: KeyedRequest) -> dict[str, Any]:
    return {
        "user_id": actor.person,
        "method": request.method,
        "path": request.path[:500],
        "key": _name(actor, request.key),
    }


def _repeat(first: IdempotencyRecord, request: KeyedRequest) -> KeptAnswer:
    if first.body_digest != request.digest:
        raise KeyReused("This Idempotency-Key was used with another body. Use a new key for a new request.")
    return KeptAnswer(first.status or 500, first.headers, bytes(first.body))


def _name(actor: Actor, key: str) -> str:
    """SHA-256 of the key and of the credential's limits: a narrow token gets no answer that a wider one was given."""
    scopes = None if actor.scopes is None else sorted(actor.scopes)
    projects = None if actor.projects is None else sorted(map(str, actor.projects))
    return hashlib.sha256(json.dumps([key, scopes, projects]).encode()).hexdigest()
