"""What use cases reach outside the database, as protocols that `bootstrap` fulfils."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID


class Queue(Protocol):
    """Wakes workers. A lost message costs time and nothing else: a sweep finds every row."""

    def wake(self, job_id: UUID) -> None:
        """Tells a worker that this job is due; must neither raise nor block."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class PolledQueue:
    """Wakes nobody: jobs wait for the next poll. For commands that run beside no worker, and for tests."""

    def wake(self, job_id: UUID) -> None:
        """Does nothing: the row in the ledger is the message."""


@dataclass(slots=True)
class Ports:
    """The adapters in use in this process."""

    queue: Queue
    clock: Clock


_ports = Ports(queue=PolledQueue(), clock=SystemClock())


def install(*, queue: Queue | None = None, clock: Clock | None = None) -> None:
    """Joins ports to adapters; what is not named stays as it is."""
    if queue is not None:
        _ports.queue = queue
    if clock is not None:
        _ports.clock = clock


def queue() -> Queue:
    """The queue in use."""
    return _ports.queue


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _ports.clock.now()
