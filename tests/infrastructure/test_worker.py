"""The ledger's loop, on a real database with real threads."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError, connections

from taskflow.application import jobs, ledger, ports
from taskflow.application.waits import count, waiting
from taskflow.infrastructure.queue import worker as worker_module
from taskflow.infrastructure.queue.local import LocalQueue, WakeUps, find_socket_path
from taskflow.infrastructure.queue.names import name_self
from taskflow.infrastructure.queue.worker import Worker
from taskflow.store.models import Job, WorkerBeat
from taskflow.store.models.jobs import JobState
from tests.bootstrap.instances import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def file_job(kind: str, **fields: object) -> Job:
    now = ports.now()
    values = {"next_attempt_at": now, "created_at": now, **fields}
    return Job.objects.create(kind=kind, **values)


def state_of(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


@pytest.fixture
def handler() -> Iterator[Callable[[Callable[[Job], None]], str]]:
    """Registers a handler for a kind of its own; the kind."""
    kinds: list[str] = []

    def register(function: Callable[[Job], None]) -> str:
        kinds.append(f"test.{uuid4().hex[:8]}")
        jobs.handles(kinds[-1])(function)
        return kinds[-1]

    yield register
    for kind in kinds:
        del jobs._handlers[kind]


class Loop:
    """A worker on a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = find_socket_path(folder)
        self.wake_ups = WakeUps(self.path)
        self.worker = Worker(self.wake_ups)
        self.drained: bool | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.drained = self.worker.run(drain=2)
        finally:
            connections.close_all()

    def stop(self) -> None:
        self.worker.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()


@contextmanager
def loop(folder: Path) -> Iterator[Loop]:
    running = Loop(folder)
    running.thread.start()
    try:
        yield running
    finally:
        running.stop()
        running.wake_ups.close()


def close_after(function: Callable[[Job], None]) -> Callable[[Job], None]:
    """Job threads live as long as a worker; here their connections must not outlive the test."""

    def run(job: Job) -> None:
        try:
            function(job)
        finally:
            connections.close_all()

    return run


def test_due_jobs_are_run_and_marked_done(tmp_path: Path, handler: Callable[..., str]) -> None:
    kind = handler(close_after(ledger.finish))
    filed = [file_job(kind) for _ in range(5)]
    with loop(tmp_path):
        wait_for(lambda: all(state_of(job) == JobState.DONE for job in filed))


def test_a_wake_up_starts_a_new_job_long_before_the_next_look(tmp_path: Path, handler: Callable[..., str]) -> None:
    kind = handler(close_after(ledger.finish))
    with loop(tmp_path) as running:
        wait_for(WorkerBeat.objects.exists)
        time.sleep(0.3)
        job = file_job(kind)
        start = time.monotonic()
        LocalQueue(running.path).wake(job.pk)
        wait_for(lambda: state_of(job) == JobState.DONE)
        assert time.monotonic() - start < worker_module.POLL / 2


def test_without_any_wake_up_a_job_is_found(
    tmp_path: Path, handler: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL", 0.3)
    kind = handler(close_after(ledger.finish))
    with loop(tmp_path):
        wait_for(WorkerBeat.objects.exists)
        job = file_job(kind)
        wait_for(lambda: state_of(job) == JobState.DONE)


def test_a_job_of_the_future_starts_when_it_is_due(tmp_path: Path, handler: Callable[..., str]) -> None:
    kind = handler(close_after(ledger.finish))
    due = ports.now() + timedelta(seconds=1)
    job = file_job(kind, next_attempt_at=due)
    with loop(tmp_path):
        wait_for(lambda: state_of(job) == JobState.DONE)
    finished = Job.objects.get(pk=job.pk).finished_at
    assert finished is not None
    assert timedelta() <= finished - due < timedelta(seconds=1)


@pytest.mark.parametrize(("waits", "at_most"), [(False, 2), (True, 8)])
def test_two_jobs_work_at_a_time_and_some_more_while_they_wait(
    tmp_path: Path, handler: Callable[..., str], waits: bool, at_most: int
) -> None:
    lock, running_now, most = threading.Lock(), [0], [0]

    def work(job: Job) -> None:
        with lock:
            running_now[0] += 1
            most[0] = max(most[0], running_now[0])
        with waiting() if waits else nullcontext():
            time.sleep(2 if waits else 0.1)
        with lock:
            running_now[0] -= 1
        ledger.finish(job)

    kind = handler(close_after(work))
    filed = [file_job(kind) for _ in range(10 if waits else 6)]
    with loop(tmp_path):
        wait_for(lambda: all(state_of(job) == JobState.DONE for job in filed))
    assert most[0] == at_most
    assert count() == 0


def test_a_job_of_a_worker_that_vanished_is_run_by_the_next(tmp_path: Path, handler: Callable[..., str]) -> None:
    kind = handler(close_after(ledger.finish))
    past = ports.now() - timedelta(seconds=5)
    job = file_job(kind, state=JobState.RUNNING, attempts=1, lease=uuid4(), lease_expires_at=past, worker="gone:1")
    with loop(tmp_path):
        wait_for(lambda: state_of(job) == JobState.DONE)


def test_a_job_of_a_process_of_this_machine_that_is_gone_is_run_at_once(
    tmp_path: Path, handler: Callable[..., str]
) -> None:
    kind = handler(close_after(ledger.finish))
    later = ports.now() + ledger.LEASE
    process, _, place = name_self().rpartition("@")
    for worker in (name_self(), f"{process}0@{place}"):
        file_job(kind, state=JobState.RUNNING, attempts=1, lease=uuid4(), lease_expires_at=later, worker=worker)
    alive, gone = Job.objects.filter(kind=kind).order_by("pk")
    with loop(tmp_path):
        wait_for(lambda: state_of(gone) == JobState.DONE)
        assert state_of(alive) == JobState.RUNNING


def test_stopping_lets_a_running_job_end_and_claims_no_more(tmp_path: Path, handler: Callable[..., str]) -> None:
    started = threading.Event()

    def work(job: Job) -> None:
        started.set()
        time.sleep(0.5)
        ledger.finish(job)

    kind = handler(close_after(work))
    with loop(tmp_path) as running:
        first = file_job(kind)
        LocalQueue(running.path).wake(first.pk)
        assert started.wait(10)
        running.worker.stop()
        second = file_job(kind)
        running.thread.join(10)
        assert running.drained is True
    assert (state_of(first), state_of(second)) == (JobState.DONE, JobState.QUEUED)


def test_a_job_that_does_not_end_in_time_keeps_its_lease(tmp_path: Path, handler: Callable[..., str]) -> None:
    started, release = threading.Event(), threading.Event()

    def work(job: Job) -> None:
        started.set()
        release.wait(20)

    kind = handler(close_after(work))
    with loop(tmp_path) as running:
        job = file_job(kind)
        LocalQueue(running.path).wake(job.pk)
        assert started.wait(10)
        running.stop()
        assert running.drained is False
        assert state_of(job) == JobState.RUNNING
        release.set()
        wait_for(lambda: state_of(job) == JobState.DEAD)


def test_a_worker_shows_that_it_lives(tmp_path: Path) -> None:
    assert not ledger.is_alive(ports.now())
    with loop(tmp_path):
        wait_for(lambda: ledger.is_alive(ports.now()))


def test_a_database_that_refuses_for_a_while_does_not_end_the_worker(
    tmp_path: Path, handler: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "TROUBLE_WAIT", 0.05)
    refusals = iter([True, True, True])
    claim = ledger.claim

    def refuse_at_first(limit: int, name: str, now: object) -> list[Job]:
        if next(refusals, False):
            raise OperationalError("database is locked")
        return claim(limit, name, now)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "claim", refuse_at_first)
    job = file_job(handler(close_after(ledger.finish)))
    with loop(tmp_path):
        wait_for(lambda: state_of(job) == JobState.DONE)
    assert next(refusals, None) is None
