"""Periodic work: filed once where it is due, and what it does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from taskflow.application import idempotency, jobs, ledger, schedule, trash
from taskflow.application.changes import change
from taskflow.application.tasks import create_task
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Event, IdempotencyRecord, Job, SignInLink, Task
from taskflow.store.models.jobs import JobState
from tests.conftest import FrozenClock, World

pytestmark = pytest.mark.django_db


def trash_one(world: World, title: str = "Old") -> Task:
    task = create_task(world.ada.as_actor(), {"title": title, "project": world.home.key})
    trash.delete_task(world.ada.as_actor(), task.pk)
    return task


def leave_rubbish(world: World, clock: FrozenClock) -> None:
    SignInLink.objects.create(digest="0" * 64, expires_at=clock.now())
    Session.objects.create(session_key="s", session_data="", expire_date=clock.now())
    IdempotencyRecord.objects.create(
        user=world.ada, method="POST", path="/", key="k", body_digest="", created_at=clock.now() - idempotency.LIFETIME
    )


def kinds() -> list[str]:
    return sorted(Job.objects.values_list("kind", flat=True))


def test_nothing_is_filed_where_nothing_is_due(clock: FrozenClock, world: World) -> None:
    schedule.run_due(clock.now())
    assert not Job.objects.exists()


def test_each_periodic_job_is_filed_once(clock: FrozenClock, world: World, run_jobs: Callable[[], int]) -> None:
    trash_one(world)
    create_task(world.ada.as_actor(), {"title": "Open", "project": world.home.key})
    leave_rubbish(world, clock)
    clock.advance(days=31)
    for _ in range(3):
        schedule.run_due(clock.now())
    assert kinds() == ["site.clean_up", "trash.purge", "urgency.sweep"]
    assert run_jobs() == 3
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}
    schedule.run_due(clock.now())
    assert Job.objects.count() == 3


def test_a_periodic_job_that_died_rests_for_an_hour(clock: FrozenClock, world: World) -> None:
    trash_one(world)
    clock.advance(days=31)
    schedule.run_due(clock.now())
    [job] = ledger.claim(1, "ann", clock.now())
    ledger.fail(job, "broken", permanent=True)
    for _ in range(3):
        schedule.run_due(clock.now())
    clock.advance(minutes=60)
    schedule.run_due(clock.now())
    assert Job.objects.count() == 1
    clock.advance(seconds=1)
    schedule.run_due(clock.now())
    assert Job.objects.count() == 2


def test_what_expired_is_deleted_a_day_later(clock: FrozenClock, world: World, run_jobs: Callable[[], int]) -> None:
    leave_rubbish(world, clock)
    SignInLink.objects.create(digest="1" * 64, expires_at=clock.now() + timedelta(days=3))
    clock.advance(days=1)
    schedule.run_due(clock.now())
    assert not Job.objects.exists()
    clock.advance(seconds=1)
    schedule.run_due(clock.now())
    assert run_jobs() == 1
    assert not IdempotencyRecord.objects.exists()
    assert not Session.objects.exists()
    assert [link.digest for link in SignInLink.objects.all()] == ["1" * 64]


def test_the_trash_is_emptied_after_thirty_days_and_history_keeps_no_data(
    clock: FrozenClock, world: World, run_jobs: Callable[[], int]
) -> None:
    kept = create_task(world.ada.as_actor(), {"title": "Kept", "project": world.home.key})
    gone = trash_one(world, "Secret plan")
    clock.advance(days=30)
    assert not trash.is_purge_due(clock.now())
    clock.advance(seconds=1)
    young = trash_one(world, "Young")
    schedule.run_due(clock.now())
    run_jobs()
    assert set(Task.objects.values_list("pk", flat=True)) == {kept.pk, young.pk}
    events = Event.objects.filter(task_id=gone.pk)
    assert [event.data for event in events] == [{}, {}]
    assert not any("Secret" in str(event.data) for event in Event.objects.all())
    assert Event.objects.get(task_id=kept.pk).data["title"] == "Kept"


def test_a_large_trash_is_emptied_in_chunks(
    clock: FrozenClock, world: World, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash, "CHUNK", 2)
    for number in range(5):
        trash_one(world, f"Old {number}")
    clock.advance(days=31)
    schedule.run_due(clock.now())
    [job] = ledger.claim(1, "ann", clock.now())
    jobs.run(job)
    assert Task.objects.count() == 3
    assert run_jobs() == 2
    assert not Task.objects.exists()


def test_a_purge_whose_lease_was_lost_deletes_nothing(clock: FrozenClock, world: World) -> None:
    trash_one(world)
    clock.advance(days=31)
    with change(SYSTEM) as opened:
        opened.job(trash.PURGE, {})
    [job] = ledger.claim(1, "ann", clock.now())
    clock.advance(minutes=2)
    ledger.sweep(clock.now())
    jobs.run(job)
    assert Task.objects.count() == 1
