"""A handler whose every effect is a row and an event, and what must hold of them."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from taskflow.application import jobs, ledger
from taskflow.application.changes import change
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM
from taskflow.store.identifiers import new_id
from taskflow.store.models import Event, EventStream, Job, SignInLink
from taskflow.store.models.jobs import JobState
from tests.conftest import FrozenClock

WORK, UNKNOWN = "machine.work", "machine.unknown"
STREAMS = (UUID(int=1), UUID(int=2), None)
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
#: So few that a short run sees jobs die of exhaustion.
ATTEMPTS = 2


class Mishap(Exception):
    """What a handler raises."""


class Plan(StrEnum):
    """What becomes of the next run."""

    SUCCEED = "succeed"
    FAIL_BEFORE = "fail before its transaction"
    FAIL_INSIDE = "fail inside its transaction"
    FAIL_AFTER = "fail after its transaction"
    GIVE_UP = "fail for good"
    FORGET = "return without finishing"


class Desk:
    """What the handler is to do, at present."""

    plan: ClassVar[Plan] = Plan.SUCCEED


@jobs.handles(WORK)
def work(job: Job) -> None:
    """Leaves one row and one event for each time that it took effect, and files what the payload says."""
    if Desk.plan is Plan.FAIL_BEFORE:
        raise Mishap("before")
    if Desk.plan is Plan.GIVE_UP:
        raise jobs.PermanentFailure("for good")
    if Desk.plan is Plan.FORGET:
        return
    with change(SYSTEM) as opened:
        SignInLink.objects.create(digest=job.pk.hex + new_id().hex, expires_at=opened.now)
        stream = job.payload["stream"]
        opened.event(
            EventType.TASK_UPDATED, project=None if stream is None else UUID(stream), data={"name": f"effect {job.pk}"}
        )
        if Desk.plan is Plan.FAIL_INSIDE:
            raise Mishap("inside")
        ledger.finish(job)
        for name, key in job.payload["then"].items():
            opened.job(WORK, {"name": name, "stream": stream, "then": {}}, key=key)
    if Desk.plan is Plan.FAIL_AFTER:
        raise Mishap("after")


class Wires:
    """A queue that delivers, loses or breaks."""

    def __init__(self) -> None:
        self.woken: list[UUID] = []
        self.state = "deliver"

    def wake(self, job_id: UUID) -> None:
        if self.state == "break":
            raise ConnectionError("no route to the queue")
        if self.state == "deliver":
            self.woken.append(job_id)


def run(job: Job, plan: Plan) -> None:
    Desk.plan = plan
    try:
        jobs.run(job)
    finally:
        Desk.plan = Plan.SUCCEED


def effects() -> Counter[UUID]:
    """How often each job took effect."""
    return Counter(UUID(digest[:32]) for digest in SignInLink.objects.values_list("digest", flat=True))


def logged() -> dict[UUID | None, list[str]]:
    """The names of all events by stream, in the order of `seq`; fails where a number is missing or given twice."""
    streams = {stream.pk: stream for stream in EventStream.objects.all()}
    rows: dict[UUID | None, list[str]] = {stream.project_id: [] for stream in streams.values()}
    for event in Event.objects.order_by("stream_id", "seq"):
        names = rows[streams[event.stream_id].project_id]
        names.append(event.data["name"])
        assert event.seq == len(names)
    for stream in streams.values():
        assert stream.head == len(rows[stream.project_id])
    return rows


def drain(clock: FrozenClock) -> None:
    """What the next workers do, undisturbed, until nothing is left."""
    for _ in range(100):
        clock.advance(minutes=20)
        ledger.sweep(clock.now())
        for job in ledger.claim(100, "undisturbed", clock.now()):
            run(job, Plan.SUCCEED)
        if not Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
            return
    raise AssertionError("work was never finished")


def assert_settled(job: Job, took_effect: Mapping[UUID, int]) -> None:
    """Done means: took effect once, or a twin with its key does the work. Else: no effect at all."""
    superseded = job.state == JobState.DONE and job.last_error.startswith(ledger.SUPERSEDED)
    assert took_effect.get(job.pk, 0) == int(job.state == JobState.DONE and not superseded)
    assert not superseded or job.key


def wipe() -> None:
    for model in (SignInLink, Event, EventStream, Job):
        model._default_manager.all().delete()
