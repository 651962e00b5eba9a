"""The one write path: a change is one transaction with its rows, its events and at most a few jobs.

    with change(actor) as c:
        task.save()
        c.event(EventType.TASK_UPDATED, project=task.project_id, task=task.pk, data={…})

Events get their numbers in the last statements before the commit, so that the stream's row lock is held as briefly as
can be; jobs are woken after the commit. A use case that calls another hands its `Change` on.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from django.db import models, transaction

from taskflow.application import ports
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Actor
from taskflow.store.identifiers import new_id
from taskflow.store.models import Event, Job
from taskflow.store.models.jobs import JobState
from taskflow.store.rows import insert
from taskflow.store.sequences import append_events

Data: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Change:
    """What one transaction adds to the log and to the ledger."""

    actor: Actor
    now: datetime
    _events: list[tuple[UUID | None, Event]] = field(default_factory=list)
    _jobs: list[Job] = field(default_factory=list)
    _rows: list[models.Model] = field(default_factory=list)

    def insert(self, row: models.Model) -> None:
        """Inserts a row with the last statement: nothing of this change may look for it in the database."""
        self._rows.append(row)

    def event(
        self, kind: EventType, *, project: UUID | None = None, task: UUID | None = None, data: Data | None = None
    ) -> None:
        """Appends to `project`'s stream, or to the site's own when it is None. `data` is JSON."""
        event = Event(
            type=kind.value,
            actor_id=self.actor.user_id,
            actor_name=self.actor.username,
            task_id=task,
            data=data or {},
            time=self.now,
        )
        self._events.append((project, event))

    def job(self, kind: str, payload: Data, *, key: str = "", at: datetime | None = None) -> None:
        """Files work that is due at once, or `at` a later instant.

        One queued job does for all that were filed with its `key`, at the earliest of their instants: it sees what
        each of their changes wrote. A key stands for one kind and payload.
        """
        self._jobs.append(
            Job(id=new_id(), kind=kind, payload=payload, key=key, created_at=self.now, next_attempt_at=at or self.now)
        )

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part that may fail by itself: an error undoes its rows, events and jobs, and leaves the rest."""
        events, jobs, rows = len(self._events), len(self._jobs), len(self._rows)
        try:
            with transaction.atomic():
                yield
        except BaseException:
            del self._events[events:]
            del self._jobs[jobs:]
            del self._rows[rows:]
            raise

    def taken(self, project: UUID) -> tuple[list[Event], list[models.Model]]:
        """What was noted, for a statement that writes all of it: rows, and events of this one project."""
        if self._jobs or any(stream != project for stream, _ in self._events):
            raise ValueError("not all of this can be written at once")
        return [event for _, event in self._events], self._rows

    def flush(self) -> None:
        """Writes jobs, then rows and events; called once, by `change`, as the transaction's last statements."""
        # By key, for the reason given below for streams.
        for job in sorted(self._jobs, key=lambda job: job.key):
            wake_after_commit(_file(job))
        by_stream: dict[UUID | None, list[Event]] = defaultdict(list)
        for project, event in self._events:
            by_stream[project].append(event)
        # One order for all, so that two changes of the same projects cannot wait for each other.
        for project in sorted(by_stream, key=str):
            append_events(project, by_stream[project], self._rows)
            self._rows.clear()
        for row in self._rows:
            insert(row)


def wake_after_commit(job_id: UUID) -> None:
    """Wakes a worker once the transaction stands. A queue that breaks its promise and raises is logged and no more."""

    # A named function: Django cannot log the failure of a `partial`.
    def wake() -> None:
        ports.queue().wake(job_id)

    transaction.on_commit(wake, robust=True)


def _file(job: Job) -> UUID:
    """Writes the row of `job`, or finds the queued one with its key that does the work anyway; the row's id."""
    if not job.key:
        job.save(force_insert=True)
        return job.pk
    while True:
        Job.objects.bulk_create([job], ignore_conflicts=True)
        # Held until the commit: a worker that took the twin now would not see the rows of this change, and the change
        # would go without its work. None: a worker took it meanwhile, so the key is free.
        twin = Job.objects.select_for_update().filter(key=job.key, state=JobState.QUEUED).first()
        if twin is not None:
            break
    # A twin that waits after a failure keeps its wait.
    if not twin.attempts and twin.next_attempt_at > job.next_attempt_at:
        Job.objects.filter(pk=twin.pk).update(next_attempt_at=job.next_attempt_at)
    return twin.pk


@contextmanager
def change(actor: Actor) -> Iterator[Change]:
    """Opens the transaction of one use case; any error undoes all of it."""
    with transaction.atomic():
        opened = Change(actor=actor, now=ports.now())
        yield opened
        opened.flush()
