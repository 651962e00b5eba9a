"""The limit on requests: 600 a minute for a token, a person's sessions, or an address without either.

Counted in each process's memory, so a request costs no write; an instance with several web processes allows as many
times the limit. Sign-ins are limited in `application/sign_in.py`, over all processes.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from taskflow.domain.errors import TooMany
from taskflow.store.models import ApiToken, User

LIMIT = 600
#: Seconds.
WINDOW = 60
POLICY = f'"requests";q={LIMIT};w={WINDOW}'
#: Keys beyond this many lead to a look for windows that are over.
_MANY = 10_000


@dataclass(slots=True)
class _Count:
    started: float
    requests: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of one key's window: requests, and seconds until it begins anew."""

    remaining: int
    reset: int
    exceeded: bool


class Counter:
    """Counts requests by key in fixed windows. Safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> Quota:
        """Counts one request of `key`."""
        now = self._clock()
        with self._lock:
            count = self._counts.get(key)
            if count is None or now - count.started >= WINDOW:
                if len(self._counts) >= _MANY:
                    self._forget(now)
                count = self._counts[key] = _Count(now, 0)
            count.requests += 1
            reset = max(1, round(count.started + WINDOW - now))
            return Quota(max(0, LIMIT - count.requests), reset, count.requests > LIMIT)

    def _forget(self, now: float) -> None:
        self._counts = {key: count for key, count in self._counts.items() if now - count.started < WINDOW}


_counter = Counter()


class RequestThrottle(BaseThrottle):
    """REST framework's hook."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the request. Raises `TooMany` beyond the limit."""
        if not settings.TASKFLOW.rate_limits:
            return True
        quota = _counter.take(_name_client(request))
        # draft-ietf-httpapi-ratelimit-headers-10; REST framework puts these on whatever answer follows.
        view.headers["RateLimit-Policy"] = POLICY
        view.headers["RateLimit"] = f'"requests";r={quota.remaining};t={quota.reset}'
        if quota.exceeded:
            raise TooMany(f"More than {LIMIT} requests a minute. Wait {quota.reset} seconds.", quota.reset)
        return True


def _name_client(request: Request) -> str:
    if isinstance(request.auth, ApiToken):
        return f"token {request.auth.id}"
    if isinstance(request.user, User):
        return f"user {request.user.pk}"
    return f"address {request.META.get('REMOTE_ADDR', '')}"
