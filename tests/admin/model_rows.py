"""Entries about calls of models, for the tests of their pages."""

from datetime import datetime, timedelta
from typing import Any

from taskflow.store.models import ModelCall


def file_call(at: datetime, provider: str = "cloud", **columns: Any) -> ModelCall:
    """One call, good unless `failure` says otherwise."""
    values: dict[str, Any] = {
        "slug": provider.partition(":")[0],
        "provider": provider,
        "model": "tiny",
        "purpose": "suggest",
        "leaves": True,
        "sha256": "0" * 64,
        "sent_bytes": 1234,
        "latency_ms": 100.0,
    }
    return ModelCall.objects.create(at=at, **values | columns)


def file_days(now: datetime, provider: str, days: int, latencies: list[float]) -> None:
    """The same calls on each of the last `days` days."""
    for back in range(days):
        for latency in latencies:
            file_call(now - timedelta(days=back), provider, latency_ms=latency)
