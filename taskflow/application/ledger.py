"""The ledger of work: claiming with a lease, finishing, failing with full jitter, and sweeping up after the dead.

A claim gives a job a fresh `lease`. Only the holder of that lease can finish or fail the job, in the same transaction
as the work's own rows: a worker that was believed dead and comes back changes nothing.
"""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Min, QuerySet

from taskflow.application import ports
from taskflow.application.changes import change, wake_after_commit
from taskflow.domain.permissions import Actor
from taskflow.store.identifiers import new_id
from taskflow.store.models import Job, WorkerBeat
from taskflow.store.models.jobs import JobState

#: How long a worker may hold a job before others may take it over.
LEASE = timedelta(seconds=60)
BACKOFF_BASE = timedelta(seconds=1)
BACKOFF_CAP = timedelta(minutes=15)
#: A worker that was silent for longer counts as gone.
BEAT_TIMEOUT = timedelta(seconds=30)
KEEP_DONE = timedelta(days=7)
#: How `last_error` begins in a job that was done because a queued one with its key took over.
SUPERSEDED = "Superseded by a queued job with the same key. Before that:"


class LeaseLost(Exception):
    """Another worker holds this job now, or it is finished; what this worker did for it is undone."""


def claim(limit: int, worker: str, now: datetime) -> list[Job]:
    """Takes up to `limit` due jobs, oldest first, each with a fresh lease."""
    with transaction.atomic():
        due = Job.objects.filter(state=JobState.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        jobs = list(due[:limit])
        for job in jobs:
            job.state = JobState.RUNNING
            job.attempts += 1
            job.lease, job.lease_expires_at, job.worker = new_id(), now + LEASE, worker
            job.save(update_fields=["state", "attempts", "lease", "lease_expires_at", "worker"])
    return jobs


def finish(job: Job) -> None:
    """Marks `job` done; call it in the transaction of the work itself. `LeaseLost` when the claim no longer holds."""
    _settle(_held(job), job, state=JobState.DONE, last_error="", finished_at=ports.now())
    job.state = JobState.DONE


def fail(job: Job, error: str, *, permanent: bool = False, retry_after: timedelta | None = None) -> None:
    """Notes a failed attempt: queued again after a random wait, or `dead` after the last attempt.

    Done instead, where a job with its key was queued since the claim. `LeaseLost` when the claim no longer holds.
    """
    _fail(_held(job), job, error, permanent=permanent, retry_after=retry_after)


def put_back(job: Job, at: datetime) -> None:
    """Queues `job` again for `at` with fresh attempts: it went well, and there is more to do.

    Call it in the transaction of the work so far. Done instead, where a job with its key was queued since the claim.
    `LeaseLost` when the claim no longer holds.
    """
    held = _held(job)
    try:
        with transaction.atomic():
            _settle(held, job, state=JobState.QUEUED, attempts=0, last_error="", next_attempt_at=at)
        job.state = JobState.QUEUED
    except IntegrityError:
        finish(job)


def _fail(
    held: QuerySet[Job], job: Job, error: str, *, permanent: bool = False, retry_after: timedelta | None = None
) -> None:
    now, error = ports.now(), _storable(error)
    if permanent or job.attempts >= job.max_attempts:
        return _settle(held, job, state=JobState.DEAD, last_error=error, finished_at=now)
    wait = max(backoff(job.attempts), retry_after or timedelta())
    try:
        with transaction.atomic():
            _settle(held, job, state=JobState.QUEUED, last_error=error, next_attempt_at=now + wait)
    except IntegrityError:
        # A twin with this key was queued since the claim, and does the work: this one has nothing left to do.
        _settle(held, job, state=JobState.DONE, last_error=f"{SUPERSEDED} {error}", finished_at=now)


def _held(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, lease=job.lease)


def _settle(held: QuerySet[Job], job: Job, **fields: object) -> None:
    if not held.update(lease=None, lease_expires_at=None, **fields):
        raise LeaseLost(f"job {job.pk} is no longer held by {job.worker}")


def _storable(text: str) -> str:
    """PostgreSQL's text takes no NUL, and no database takes half a surrogate pair."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def extend(job: Job, now: datetime) -> None:
    """Lengthens the lease of long work; `LeaseLost` when the claim no longer holds."""
    if not _held(job).update(lease_expires_at=now + LEASE):
        raise LeaseLost(f"job {job.pk} is no longer held by {job.worker}")


def backoff(attempts: int) -> timedelta:
    """Full jitter: a random wait between 0 and min(cap, base x 2^attempts) (Brooker, AWS Architecture Blog, 2015)."""
    ceiling: timedelta = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(attempts, 20))
    share: float = random.random()  # noqa: S311 - spreads load, keeps no secret
    return ceiling * share


def sweep(now: datetime, is_gone: Callable[[str], bool] = lambda worker: False) -> int:
    """Gives back jobs whose lease ran out or whose worker `is_gone` (`dead` after the last attempt) and forgets old
    ones; how many were given."""
    swept = 0
    for job in Job.objects.filter(state=JobState.RUNNING):
        held = _held(job)
        if not is_gone(job.worker):
            # Its worker may have lengthened the lease since the row was read.
            held = held.filter(lease_expires_at__lt=now)
        try:
            _fail(held, job, "The worker vanished before it finished.")
        except LeaseLost:
            continue
        swept += 1
    Job.objects.filter(state=JobState.DONE, finished_at__lt=now - KEEP_DONE).delete()
    return swept


def next_due(now: datetime) -> datetime | None:
    """When the ledger next wants a worker: the earliest queued attempt or ending lease; None when it is empty."""
    queued = Job.objects.filter(state=JobState.QUEUED).aggregate(at=Min("next_attempt_at"))["at"]
    leased = Job.objects.filter(state=JobState.RUNNING).aggregate(at=Min("lease_expires_at"))["at"]
    return min((at for at in (queued, leased) if at is not None), default=None)


def retry(actor: Actor, job_ids: Iterable[UUID]) -> int:
    """Queues dead jobs again with fresh attempts; how many. One whose key is queued anyway stays dead.

    Site administrators only (the caller's door checks).
    """
    with change(actor) as opened:
        now, revived = opened.now, 0
        # In one order for all, so that two retries cannot wait for each other.
        for job in Job.objects.filter(pk__in=list(job_ids), state=JobState.DEAD).order_by("key", "pk"):
            dead = Job.objects.filter(pk=job.pk, state=JobState.DEAD)
            try:
                with transaction.atomic():
                    updated = dead.update(state=JobState.QUEUED, attempts=0, next_attempt_at=now, finished_at=None)
            except IntegrityError:
                continue
            if updated:
                revived += 1
                wake_after_commit(job.pk)
    return revived


def beat(worker: str, now: datetime) -> None:
    """Notes that `worker` lives."""
    WorkerBeat.objects.update_or_create(worker=worker, defaults={"beat_at": now})
    WorkerBeat.objects.filter(beat_at__lt=now - 10 * BEAT_TIMEOUT).delete()


def is_alive(now: datetime) -> bool:
    """Whether some worker gave a sign of life within `BEAT_TIMEOUT`."""
    return WorkerBeat.objects.filter(beat_at__gte=now - BEAT_TIMEOUT).exists()
