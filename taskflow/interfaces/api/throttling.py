"""The limits on requests: 600 a minute for a token, a person's sessions, or an address without either; and for the
secret address of a calendar feed, which costs more than most requests and needs no credential, 60 in five minutes.

Counted in each process's memory, so a request costs no write; an instance with several web processes allows as many
times the limit. Sign-ins are limited in `application/sign_in.py`, over all processes.
"""

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from taskflow.domain.errors import TooMany
from taskflow.store.models import ApiToken, User


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in `window` seconds; `period` says that window in words."""

    name: str
    requests: int
    window: int
    period: str

    @property
    def policy(self) -> str:
        """As the header `RateLimit-Policy` says it."""
        return f'"{self.name}";q={self.requests};w={self.window}'


REQUESTS: Final = Limit("requests", 600, 60, "a minute")
#: Calendar programs ask every five minutes at the soonest, most of them hourly; a person has a handful of them.
FEED: Final = Limit("feed", 60, 300, "in five minutes")
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

    def __init__(self, limit: Limit, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> Quota:
        """Counts one request of `key`."""
        now, most, window = self._clock(), self.limit.requests, self.limit.window
        with self._lock:
            count = self._counts.get(key)
            if count is None or now - count.started >= window:
                if len(self._counts) >= _MANY:
                    self._forget(now)
                count = self._counts[key] = _Count(now, 0)
            count.requests += 1
            reset = max(1, round(count.started + window - now))
            return Quota(max(0, most - count.requests), reset, count.requests > most)

    def _forget(self, now: float) -> None:
        window = self.limit.window
        self._counts = {key: count for key, count in self._counts.items() if now - count.started < window}


class _Throttle(BaseThrottle, ABC):
    """REST framework's hook."""

    counter: Counter

    @abstractmethod
    def name_client(self, request: Request, view: Any) -> str:
        """Who is counted."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the request. Raises `TooMany` beyond the limit."""
        if not settings.TASKFLOW.rate_limits:
            return True
        limit, quota = self.counter.limit, self.counter.take(self.name_client(request, view))
        # draft-ietf-httpapi-ratelimit-headers-10; REST framework puts these on whatever answer follows.
        _append(view.headers, "RateLimit-Policy", limit.policy)
        _append(view.headers, "RateLimit", f'"{limit.name}";r={quota.remaining};t={quota.reset}')
        if quota.exceeded:
            detail = f"More than {limit.requests} requests {limit.period}. Wait {quota.reset} seconds."
            raise TooMany(detail, quota.reset)
        return True


class RequestThrottle(_Throttle):
    """The limit on everything that one client asks."""

    counter = Counter(REQUESTS)

    def name_client(self, request: Request, view: Any) -> str:
        """The credential, or the address of who has none."""
        if isinstance(request.auth, ApiToken):
            return f"token {request.auth.id}"
        if isinstance(request.user, User):
            return f"user {request.user.pk}"
        return f"address {request.META.get('REMOTE_ADDR', '')}"


class FeedThrottle(_Throttle):
    """The limit on one feed, wherever it is read from."""

    counter = Counter(FEED)

    def name_client(self, request: Request, view: Any) -> str:
        """The feed's address, of which nothing is kept that could be read again."""
        return hashlib.sha256(view.kwargs["secret"].encode()).hexdigest()


def _append(headers: dict[str, str], name: str, value: str) -> None:
    headers[name] = f"{headers[name]}, {value}" if name in headers else value
