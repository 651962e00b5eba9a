"""The ledger's own loop: claims due jobs, runs them on a few threads, sweeps, and files what is periodic.

It needs no message to work: wake-ups only shorten the wait. A job that the worker could not end before it stopped
keeps its lease, and a sweep gives it back: at once on the machine of a worker that is gone, elsewhere when the lease
has run out.
"""

import logging
import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

from django.db import DatabaseError, close_old_connections

from taskflow.application import jobs, ledger, ports, schedule, waits
from taskflow.infrastructure.queue.local import WakeUps
from taskflow.infrastructure.queue.names import is_gone, name_self
from taskflow.store.models import Job

log = logging.getLogger(__name__)

#: Jobs that work at a time. SQLite has one writer, and a second thread is there for a job that takes long: more would
#: wait for each other, and let those wait who create tasks meanwhile.
THREADS = 2
#: More jobs at a time while so many wait for models and plugins, which may take eight seconds each.
MOST_WAITING = 6
#: Seconds between two looks whether a job that works has begun to wait.
LOOK = 0.25
#: The longest wait, in seconds: what a lost wake-up can cost.
POLL = 5.0
BEAT_EVERY = 5.0
SWEEP_EVERY = 15.0
SCHEDULE_EVERY = 30.0
#: The wait after the database refused, in seconds.
TROUBLE_WAIT = 1.0


class Worker:
    """One process's worker. `run` returns some time after `stop`."""

    def __init__(self, wake_ups: WakeUps, *, threads: int = THREADS) -> None:
        self.name = name_self()
        self._wake_ups = wake_ups
        self._threads = threads
        # No Event: two signals in a row would meet in its lock.
        self._stopping = False
        self._running: set[Future[None]] = set()
        self._due_at: dict[str, float] = {}

    def stop(self) -> None:
        """Claim no more. Safe in a signal handler."""
        self._stopping = True
        self._wake_ups.poke()

    def run(self, *, drain: float = 8.0) -> bool:
        """Work until `stop`, then let running jobs end for up to `drain` seconds; whether all of them did."""
        pool = ThreadPoolExecutor(self._threads + MOST_WAITING, thread_name_prefix="job")
        try:
            while not self._stopping:
                self._wake_ups.wait(self._turn(pool))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + drain
        while self._collect() and time.monotonic() < deadline:
            self._wake_ups.wait(min(0.5, deadline - time.monotonic()))
        return not self._running

    def _turn(self, pool: ThreadPoolExecutor) -> float:
        """One look at the ledger; how many seconds to wait before the next."""
        try:
            return self._work(pool)
        except DatabaseError:
            log.exception("the database refused; looking again in %g s", TROUBLE_WAIT)
            close_old_connections()
            return TROUBLE_WAIT

    def _work(self, pool: ThreadPoolExecutor) -> float:
        now = ports.now()
        if self._is_time("start", math.inf):
            schedule.run_at_start()
        if self._is_time("beat", BEAT_EVERY):
            ledger.beat(self.name, now)
        if self._is_time("sweep", SWEEP_EVERY):
            swept = ledger.sweep(now, is_gone)
            if swept:
                log.warning("%d jobs of a worker that vanished were given back", swept)
        if self._is_time("schedule", SCHEDULE_EVERY):
            schedule.run_due(now)
        free = self._most() - self._collect()
        if free > 0:
            for job in ledger.claim(free, self.name, now):
                future = pool.submit(self._run_job, job)
                self._running.add(future)
                future.add_done_callback(lambda _: self._wake_ups.poke())
        if len(self._running) >= self._most():
            return LOOK
        return self._seconds_until(ledger.next_due(now), now)

    def _most(self) -> int:
        """Jobs that may run now."""
        return self._threads + min(MOST_WAITING, waits.count())

    def _run_job(self, job: Job) -> None:
        try:
            jobs.run(job)
        finally:
            close_old_connections()

    def _collect(self) -> int:
        """Forget what has ended; how many still run. An error here is a defect of the job runner, not of a job."""
        for future in [future for future in self._running if future.done()]:
            self._running.remove(future)
            error = future.exception()
            if error is not None:
                log.error("a job escaped its runner", exc_info=error)
        return len(self._running)

    def _is_time(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due_at.get(what, 0.0):
            return False
        self._due_at[what] = now + every
        return True

    @staticmethod
    def _seconds_until(due: datetime | None, now: datetime) -> float:
        if due is None:
            return POLL
        # An ended lease is due in the past until the sweep takes it up: without a floor the loop would spin.
        return min(POLL, max(0.05, (due - now).total_seconds()))
