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
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from django.db import transaction

from taskflow.application import ports
from taskflow.domain.events import EventType
from taskflow.domain.permissions import Actor
from taskflow.store.identifiers import new_id
from taskflow.store.models import Event, Job
from taskflow.store.sequences import advance_stream

Data: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Change:
    """What one transaction adds to the log and to the ledger."""

    actor: Actor
    now: datetime
    _events: list[tuple[UUID | None, Event]] = field(default_factory=list)
    _jobs: list[Job] = field(default_factory=list)

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
        """Files work that is due at once, or `at` a later instant."""
        self._jobs.append(
            Job(id=new_id(), kind=kind, payload=payload, key=key, created_at=self.now, next_attempt_at=at or self.now)
        )

    def flush(self) -> None:
        """Writes jobs, then events; called once, by `change`, as the transaction's last statements."""
        for job in self._jobs:
            # A queued job with the same key does this work already.
            Job.objects.bulk_create([job], ignore_conflicts=True)
            transaction.on_commit(partial(ports.queue().wake, job.pk))
        by_stream: dict[UUID | None, list[Event]] = defaultdict(list)
        for project, event in self._events:
            by_stream[project].append(event)
        # One order for all, so that two changes of the same projects cannot wait for each other.
        for project in sorted(by_stream, key=str):
            events = by_stream[project]
            stream, head = advance_stream(project, len(events))
            for seq, event in enumerate(events, start=head - len(events) + 1):
                event.stream_id, event.seq = stream, seq
            Event.objects.bulk_create(events)


@contextmanager
def change(actor: Actor) -> Iterator[Change]:
    """Opens the transaction of one use case; any error undoes all of it."""
    with transaction.atomic():
        opened = Change(actor=actor, now=ports.now())
        yield opened
        opened.flush()
