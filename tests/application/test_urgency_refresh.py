"""Stored urgency: refreshed with every change of a task or a neighbour, and swept when it grew old."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from taskflow.application import jobs, ledger, schedule, urgency
from taskflow.application.projects import update_project
from taskflow.application.task_states import complete_task
from taskflow.application.tasks import create_task, update_task
from taskflow.store.models import Job, Task
from taskflow.store.models.jobs import JobState
from tests.conftest import FrozenClock, World

pytestmark = pytest.mark.django_db


def make(world: World, title: str, **fields: object) -> Task:
    return create_task(world.ada.as_actor(), {"title": title, "project": world.home.key, **fields})


def stored(task: Task) -> Task:
    return Task.objects.get(pk=task.pk)


def test_factors_add_up_to_the_stored_score(clock: FrozenClock, world: World) -> None:
    task = stored(make(world, "Taxes", priority="high", due_at=clock.now() + timedelta(hours=4)))
    assert task.urgency_as_of == clock.now()
    assert task.urgency_score > 0
    assert sum(factor["contribution"] for factor in task.urgency_factors) == pytest.approx(task.urgency_score, abs=1e-9)


def test_a_task_grows_more_urgent_by_the_sweep_alone(
    clock: FrozenClock, world: World, run_jobs: Callable[[], int]
) -> None:
    task = make(world, "Taxes", due_at=clock.now() + timedelta(days=5))
    before = stored(task).urgency_score
    clock.advance(minutes=30)
    assert not urgency.is_sweep_due(clock.now())
    clock.advance(days=4)
    schedule.run_due(clock.now())
    assert run_jobs() == 1
    after = stored(task)
    assert after.urgency_score > before
    assert after.urgency_as_of == clock.now()
    assert after.version == task.version


def test_the_sweep_goes_on_chunk_by_chunk_oldest_first(
    clock: FrozenClock, world: World, run_jobs: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urgency, "CHUNK", 2)
    tasks = []
    for number in range(5):
        tasks.append(make(world, f"Task {number}"))
        clock.advance(minutes=1)
    Task.objects.filter(pk=tasks[3].pk).update(urgency_as_of=None)
    clock.advance(hours=1)
    schedule.run_due(clock.now())
    [job] = ledger.claim(1, "ann", clock.now())
    jobs.run(job)
    fresh = Task.objects.filter(urgency_as_of=clock.now())
    assert set(fresh.values_list("pk", flat=True)) == {tasks[3].pk, tasks[0].pk}
    assert Job.objects.filter(kind=urgency.SWEEP, state=JobState.QUEUED).count() == 1
    assert run_jobs() == 2
    assert fresh.count() == 5
    assert not urgency.is_sweep_due(clock.now())


def test_finished_tasks_are_not_swept(clock: FrozenClock, world: World) -> None:
    complete_task(world.ada.as_actor(), make(world, "Done").pk)
    clock.advance(days=1)
    assert not urgency.is_sweep_due(clock.now())


def test_a_change_refreshes_the_tasks_that_hang_on_it(clock: FrozenClock, world: World) -> None:
    blocker = make(world, "Buy paint")
    blocked = make(world, "Paint", blocked_by=[str(blocker.pk)])
    before = stored(blocker).urgency_score
    clock.advance(minutes=1)
    update_task(world.ada.as_actor(), blocked.pk, {"due_at": clock.now() + timedelta(hours=1), "priority": "urgent"})
    assert stored(blocker).urgency_score > before
    assert stored(blocker).urgency_as_of == clock.now()


def test_new_weights_reach_every_open_task_of_the_project(
    clock: FrozenClock, world: World, run_jobs: Callable[[], int]
) -> None:
    task = make(world, "Taxes", priority="high")
    done = make(world, "Done", priority="high")
    complete_task(world.ada.as_actor(), done.pk)
    before = stored(task).urgency_score
    update_project(world.ada.as_actor(), world.home.key, {"urgency_weights": {"priority": 60.0}})
    assert run_jobs() == 2
    assert stored(task).urgency_score > before
    assert stored(done).urgency_as_of is not None
    assert not urgency.is_sweep_due(clock.now())
