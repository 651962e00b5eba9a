"""The ledger of work: claims, leases, failures, retries, and several workers at once."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from taskflow.application import jobs, ledger, ports
from taskflow.application.changes import change
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Job, SignInLink, WorkerBeat
from taskflow.store.models.jobs import JobState
from tests.conftest import FrozenClock

pytestmark = pytest.mark.django_db
NOTE, TROUBLE, HOPELESS, IDLE = "ledger.note", "ledger.trouble", "ledger.hopeless", "ledger.idle"


def note(job: Job) -> None:
    SignInLink.objects.create(digest=job.pk.hex, expires_at=ports.now())


@jobs.handles(NOTE)
def note_once(job: Job) -> None:
    with change(SYSTEM):
        note(job)
        ledger.finish(job)


@jobs.handles(TROUBLE)
def always_fail(job: Job) -> None:
    with change(SYSTEM):
        note(job)
        raise RuntimeError("no \x00 luck")


@jobs.handles(HOPELESS)
def give_up(job: Job) -> None:
    raise jobs.PermanentFailure("the project is gone")


@jobs.handles(IDLE)
def finish_nothing(job: Job) -> None:
    assert job.state == JobState.RUNNING


def file(kind: str = NOTE, key: str = "", at: datetime | None = None) -> None:
    with change(SYSTEM) as opened:
        opened.job(kind, {}, key=key, at=at)


def take(worker: str = "ann") -> Job:
    [job] = ledger.claim(1, worker, ports.now())
    return job


def stored(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_claim_takes_the_oldest_due_jobs_and_no_more_than_asked(clock: FrozenClock) -> None:
    for name in ("first", "second", "third"):
        with change(SYSTEM) as opened:
            opened.job(NOTE, {"name": name})
        clock.advance(seconds=1)
    file(at=clock.now() + timedelta(hours=1))
    assert [job.payload["name"] for job in ledger.claim(2, "ann", clock.now())] == ["first", "second"]
    assert [job.payload["name"] for job in ledger.claim(9, "bea", clock.now())] == ["third"]
    assert ledger.claim(9, "cy", clock.now()) == []


def test_a_job_that_ran_is_done_and_ran_once(clock: FrozenClock, run_jobs: Callable[[], int]) -> None:
    file()
    assert (run_jobs(), run_jobs()) == (1, 0)
    job = Job.objects.get()
    assert (job.state, job.attempts, job.lease, job.finished_at) == (JobState.DONE, 1, None, clock.now())
    assert SignInLink.objects.count() == 1


@pytest.mark.parametrize("attempts", [1, 2, 5, 9, 10, 30, 10_000])
def test_backoff_is_full_jitter_under_a_cap(attempts: int) -> None:
    ceiling = min(ledger.BACKOFF_CAP, timedelta(seconds=2 ** min(attempts, 20)))
    waits = [ledger.backoff(attempts) for _ in range(2000)]
    assert all(timedelta() <= wait <= ceiling for wait in waits)
    # Spread over the whole range: 2,000 draws miss a given tenth with a probability of 1e-91.
    assert {int(wait / ceiling * 10) for wait in waits} == set(range(10))


def test_a_failure_undoes_its_rows_and_waits_before_the_next_attempt(clock: FrozenClock) -> None:
    file(TROUBLE)
    job = take()
    jobs.run(job)
    row = stored(job)
    assert row.state == JobState.QUEUED
    assert timedelta() <= row.next_attempt_at - clock.now() <= timedelta(seconds=2)
    assert row.last_error == "RuntimeError: no \\x00 luck"
    assert not SignInLink.objects.exists()


def test_an_error_that_no_database_can_store_is_escaped(clock: FrozenClock) -> None:
    file()
    job = take()
    ledger.fail(job, "half a pair: \ud800")
    assert stored(job).last_error == "half a pair: \\ud800"


def test_the_last_attempt_ends_dead(clock: FrozenClock) -> None:
    file(TROUBLE)
    for _ in range(8):
        assert Job.objects.get().state == JobState.QUEUED
        clock.advance(minutes=15)
        jobs.run(take())
    job = Job.objects.get()
    assert (job.state, job.attempts, job.finished_at) == (JobState.DEAD, 8, clock.now())


def test_a_wish_to_be_asked_later_is_honoured(clock: FrozenClock) -> None:
    file()
    job = take()
    ledger.fail(job, "busy", retry_after=timedelta(minutes=10))
    assert stored(job).next_attempt_at == clock.now() + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (HOPELESS, "the project is gone"),
        ("no.such_kind", "No part of this version handles jobs of kind 'no.such_kind'."),
        (IDLE, "returned without finishing its job"),
    ],
)
def test_what_cannot_succeed_is_dead_at_once(clock: FrozenClock, kind: str, error: str) -> None:
    file(kind)
    jobs.run(take())
    job = Job.objects.get()
    assert (job.state, job.attempts) == (JobState.DEAD, 1)
    assert error in job.last_error


def test_a_kind_has_one_handler() -> None:
    assert NOTE in jobs.kinds()
    with pytest.raises(ValueError, match=r"two handlers.*ledger\.note"):
        jobs.handles(NOTE)(note_once)


def test_a_worker_that_lost_its_lease_leaves_nothing(clock: FrozenClock) -> None:
    file()
    slow = take("slow")
    clock.advance(seconds=61)
    assert ledger.sweep(clock.now()) == 1
    clock.advance(seconds=2)
    quick = take("quick")
    jobs.run(slow)
    assert not SignInLink.objects.exists()
    assert stored(quick).lease == quick.lease
    jobs.run(quick)
    jobs.run(slow)
    assert SignInLink.objects.count() == 1
    with pytest.raises(ledger.LeaseLost):
        ledger.extend(slow, clock.now())
    with pytest.raises(ledger.LeaseLost):
        ledger.fail(slow, "late")


def test_a_lease_is_kept_by_extending_it(clock: FrozenClock) -> None:
    file()
    job = take()
    for _ in range(3):
        clock.advance(seconds=50)
        ledger.extend(job, clock.now())
        assert ledger.sweep(clock.now()) == 0
    clock.advance(seconds=61)
    assert ledger.sweep(clock.now()) == 1


def test_work_that_goes_on_is_put_back_with_fresh_attempts(clock: FrozenClock) -> None:
    file(NOTE)
    (job,) = ledger.claim(1, "a", clock.now())
    with change(SYSTEM):
        ledger.put_back(job, clock.now() + timedelta(seconds=1))
    found = stored(job)
    assert (found.state, found.attempts, found.lease) == (JobState.QUEUED, 0, None)
    assert ledger.claim(1, "a", clock.now()) == []
    clock.advance(seconds=1)
    (again,) = ledger.claim(1, "b", clock.now())
    # Whoever held it before has nothing to say any more.
    with pytest.raises(ledger.LeaseLost), change(SYSTEM):
        ledger.put_back(job, clock.now())
    assert stored(again).state == JobState.RUNNING


def test_work_that_goes_on_is_left_to_a_twin_that_was_queued_meanwhile(clock: FrozenClock) -> None:
    file(NOTE, key="one")
    (job,) = ledger.claim(1, "a", clock.now())
    file(NOTE, key="one")
    with change(SYSTEM):
        ledger.put_back(job, clock.now())
    assert stored(job).state == JobState.DONE
    assert Job.objects.filter(state=JobState.QUEUED).count() == 1


def test_a_lease_that_is_extended_while_the_sweep_looks_is_kept(clock: FrozenClock) -> None:
    file()
    job = take()
    clock.advance(seconds=61)

    waiting = [job]

    def extend_first(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and waiting:
            ledger.extend(waiting.pop(), clock.now())
        return execute(sql, *rest)

    with connection.execute_wrapper(extend_first):
        assert ledger.sweep(clock.now()) == 0
    assert stored(job).state == JobState.RUNNING


def test_the_sweep_buries_what_killed_its_worker_at_each_attempt(clock: FrozenClock) -> None:
    file()
    for _ in range(8):
        clock.advance(minutes=15)
        take()
        clock.advance(seconds=61)
        ledger.sweep(clock.now())
    job = Job.objects.get()
    assert (job.state, job.last_error) == (JobState.DEAD, "The worker vanished before it finished.")


def test_the_sweep_forgets_finished_jobs_after_a_week_but_no_dead_ones(clock: FrozenClock) -> None:
    file(NOTE)
    file(HOPELESS)
    for job in ledger.claim(2, "ann", clock.now()):
        jobs.run(job)
    clock.advance(days=7)
    ledger.sweep(clock.now())
    assert Job.objects.count() == 2
    clock.advance(seconds=1)
    ledger.sweep(clock.now())
    assert [job.state for job in Job.objects.all()] == [JobState.DEAD]


def test_swept_jobs_with_one_key_become_one(clock: FrozenClock) -> None:
    for _ in range(3):
        file(key="same")
        take()
    clock.advance(seconds=61)
    assert ledger.sweep(clock.now()) == 3
    states = sorted(Job.objects.values_list("state", flat=True))
    assert states == [JobState.DONE, JobState.DONE, JobState.QUEUED]
    superseded = Job.objects.filter(state=JobState.DONE)
    assert all(job.last_error == f"{ledger.SUPERSEDED} The worker vanished before it finished." for job in superseded)


def test_the_ledger_says_when_it_wants_a_worker(clock: FrozenClock) -> None:
    assert ledger.next_due(clock.now()) is None
    file(at=clock.now() + timedelta(hours=2))
    assert ledger.next_due(clock.now()) == clock.now() + timedelta(hours=2)
    file()
    take()
    assert ledger.next_due(clock.now()) == clock.now() + ledger.LEASE


def test_workers_give_signs_of_life(clock: FrozenClock) -> None:
    assert not ledger.is_alive(clock.now())
    ledger.beat("ann", clock.now())
    clock.advance(seconds=30)
    assert ledger.is_alive(clock.now())
    clock.advance(seconds=1)
    assert not ledger.is_alive(clock.now())
    clock.advance(minutes=10)
    ledger.beat("bea", clock.now())
    assert [beat.worker for beat in WorkerBeat.objects.all()] == ["bea"]


def test_a_dead_job_is_retried_with_fresh_attempts(clock: FrozenClock) -> None:
    file(HOPELESS)
    job = take()
    assert ledger.retry(SYSTEM, [job.pk]) == 0
    jobs.run(job)
    assert ledger.retry(SYSTEM, [job.pk]) == 1
    row = stored(job)
    assert (row.state, row.attempts, row.finished_at) == (JobState.QUEUED, 0, None)
    assert row.next_attempt_at == clock.now()


def test_of_dead_jobs_with_one_key_one_is_retried(clock: FrozenClock) -> None:
    for _ in range(2):
        file(HOPELESS, key="same")
        jobs.run(take())
    dead: list[UUID] = list(Job.objects.values_list("pk", flat=True))
    assert ledger.retry(SYSTEM, dead) == 1
    assert ledger.retry(SYSTEM, dead) == 0


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_take_the_same_job() -> None:
    with change(SYSTEM) as opened:
        for _ in range(60):
            opened.job(NOTE, {})
    taken: list[UUID] = []
    now = datetime.now(UTC) + timedelta(seconds=1)
    start = threading.Barrier(4)

    def work(worker: str) -> None:
        start.wait()
        try:
            while claimed := ledger.claim(3, worker, now):
                taken.extend(job.pk for job in claimed)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("ann", "bea", "cy", "dee")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 60
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
