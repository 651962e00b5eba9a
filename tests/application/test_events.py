"""The event log and the filing of jobs: one transaction, numbers without gaps, one queued job a key."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from taskflow.application import ledger, ports
from taskflow.application.changes import change
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Event, EventStream, Job
from taskflow.store.sequences import append_events, next_task_numbers
from tests.conftest import FrozenClock, World

pytestmark = pytest.mark.django_db
PROJECT, OTHER = UUID(int=7), UUID(int=8)


class Wires:
    """A queue that remembers whom it woke, or breaks."""

    def __init__(self) -> None:
        self.woken: list[UUID] = []
        self.broken = False

    def wake(self, job_id: UUID) -> None:
        if self.broken:
            raise ConnectionError("no route to the queue")
        self.woken.append(job_id)


def append(project: UUID | None, *names: str) -> None:
    with change(SYSTEM) as opened:
        for name in names:
            opened.event(EventType.TASK_UPDATED, project=project, data={"name": name})


def numbers(project: UUID | None) -> list[tuple[int, str]]:
    rows = Event.objects.filter(stream__project_id=project).order_by("seq")
    return [(event.seq, event.data["name"]) for event in rows]


def test_each_stream_counts_from_one() -> None:
    append(PROJECT, "a", "b")
    append(OTHER, "x")
    append(None, "site")
    append(PROJECT, "c")
    assert numbers(PROJECT) == [(1, "a"), (2, "b"), (3, "c")]
    assert numbers(OTHER) == [(1, "x")]
    assert numbers(None) == [(1, "site")]


def test_an_undone_change_leaves_neither_event_nor_job_nor_gap() -> None:
    append(PROJECT, "a")

    def change_mind() -> None:
        with change(SYSTEM) as opened:
            opened.event(EventType.TASK_UPDATED, project=PROJECT, data={"name": "lost"})
            opened.job("any", {})
            opened.flush()
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        change_mind()
    append(PROJECT, "b")
    assert numbers(PROJECT) == [(1, "a"), (2, "b")]
    assert not Job.objects.exists()


def test_an_event_names_its_actor_and_its_instant(clock: FrozenClock, world: World) -> None:
    with change(world.ada.as_actor()) as opened:
        opened.event(EventType.TASK_UPDATED, project=world.home.pk, data={"name": "x"})
    event = Event.objects.get(data={"name": "x"})
    assert (event.actor_id, event.actor_name, event.time) == (world.ada.pk, "ada", clock.now())


def test_a_job_that_is_queued_with_its_key_is_not_filed_twice() -> None:
    for key in ("same", "same", "other", "", ""):
        with change(SYSTEM) as opened:
            opened.job("any", {}, key=key)
    assert sorted(Job.objects.values_list("key", flat=True)) == ["", "", "other", "same"]


def test_a_key_is_free_again_once_its_job_was_taken() -> None:
    for _ in range(2):
        with change(SYSTEM) as opened:
            opened.job("any", {}, key="same")
        ledger.claim(1, "ann", ports.now())
    assert Job.objects.filter(key="same").count() == 2


def test_a_later_job_is_brought_forward_by_one_that_is_due(clock: FrozenClock) -> None:
    for wait in (60, 5, 30):
        with change(SYSTEM) as opened:
            opened.job("any", {}, key="same", at=clock.now() + timedelta(minutes=wait))
    assert Job.objects.get().next_attempt_at == clock.now() + timedelta(minutes=5)


def test_filing_again_does_not_shorten_the_wait_after_a_failure(clock: FrozenClock) -> None:
    with change(SYSTEM) as opened:
        opened.job("any", {}, key="same")
    [job] = ledger.claim(1, "ann", clock.now())
    ledger.fail(job, "busy", retry_after=timedelta(minutes=9))
    with change(SYSTEM) as opened:
        opened.job("any", {}, key="same")
    assert Job.objects.get().next_attempt_at == clock.now() + timedelta(minutes=9)


@pytest.mark.django_db(transaction=True)
def test_workers_are_woken_after_the_commit_for_the_row_that_does_the_work() -> None:
    wires = Wires()
    ports.install(queue=wires)
    with transaction.atomic():
        for _ in range(2):
            with change(SYSTEM) as opened:
                opened.job("any", {}, key="same")
        assert wires.woken == []
    assert wires.woken == [Job.objects.get().pk] * 2


@pytest.mark.django_db(transaction=True)
def test_a_broken_queue_does_not_spoil_a_change(caplog: pytest.LogCaptureFixture) -> None:
    wires = Wires()
    wires.broken = True
    ports.install(queue=wires)
    with change(SYSTEM) as opened:
        opened.job("any", {})
    assert Job.objects.count() == 1
    assert "no route to the queue" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_share_a_new_stream_without_gap_or_duplicate() -> None:
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def write(name: str) -> None:
        start.wait()
        try:
            for turn in range(10):
                append(PROJECT, f"{name}{turn}", f"{name}{turn}'")
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [seq for seq, _ in numbers(PROJECT)] == list(range(1, 81))
    assert EventStream.objects.get(project_id=PROJECT).head == 80


def test_task_numbers_are_taken_in_blocks(world: World) -> None:
    assert list(next_task_numbers(world.home.pk, 3)) == [1, 2, 3]
    assert list(next_task_numbers(world.home.pk)) == [4]
    with pytest.raises(LookupError, match="no project"):
        next_task_numbers(UUID(int=0))


def test_a_stream_is_made_when_it_is_first_needed() -> None:
    def build() -> Event:
        return Event(type="taskflow.task.created", actor_name="ada", data={"name": "ada"}, time=timezone.now())

    append_events(PROJECT, [build(), build(), build()])
    append_events(PROJECT, [build()])
    assert [seq for seq, _ in numbers(PROJECT)] == [1, 2, 3, 4]
    assert EventStream.objects.get(project_id=PROJECT).head == 4
