"""What the gateway counts, in Prometheus's form."""

from collections.abc import Mapping, Sized
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class _Waited(Protocol):
    waiting: int


class Metrics:
    """Of one gateway."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._latency = Histogram(
            "taskflow_gateway_answer_seconds",
            "Seconds that an answer took.",
            ("provider", "cached"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._failures = Counter(
            "taskflow_gateway_failures", "Questions without an answer.", ("provider", "kind"), registry=self.registry
        )
        self._published = Counter(
            "taskflow_gateway_events", "Events for the broker.", ("outcome",), registry=self.registry
        )
        self._waiting = Gauge("taskflow_gateway_waiting", "Questions that wait for a place.", registry=self.registry)
        self._running = Gauge("taskflow_gateway_running", "Different questions on their way.", registry=self.registry)
        self._kept = Gauge("taskflow_gateway_answers_kept", "Answers in the cache.", registry=self.registry)

    def watch(self, *, flights: Sized, lanes: Mapping[str, _Waited], answers: Sized) -> None:
        """Has the gauges look at these."""
        self._running.set_function(lambda: len(flights))
        self._waiting.set_function(lambda: sum(lane.waiting for lane in lanes.values()))
        self._kept.set_function(lambda: len(answers))

    def answered(self, provider: str, *, cached: bool, seconds: float) -> None:
        """A question was answered."""
        self._latency.labels(provider, str(cached).lower()).observe(seconds)

    def failed(self, provider: str, kind: str) -> None:
        """A question was not answered."""
        self._failures.labels(provider, kind).inc()

    def published(self, outcome: str, count: int = 1) -> None:
        """Events were handed to the broker, or not."""
        self._published.labels(outcome).inc(count)

    def text(self) -> bytes:
        """The text form."""
        return generate_latest(self.registry)
