"""What only a database with many writers can get wrong: the log and the ledger on PostgreSQL."""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from taskflow.application import ledger, ports
from taskflow.application.changes import change
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Event, EventStream, Job, SignInLink, WorkerBeat
from taskflow.store.models.jobs import JobState
from tests.application import ledger_world
from tests.application import test_ledger_machine as machine
from tests.application.test_ledger_machine import quiet  # noqa: F401 - a fixture
from tests.postgres import postgres_database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def _postgres(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of its own stands in for the default one; skipped where no server answers, but not in CI."""
    with django_db_blocker.unblock(), postgres_database(f"taskflow_ledger_{os.getpid()}"):
        yield


@pytest.fixture(autouse=True)
def _clean(_postgres: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        for model in (SignInLink, Event, EventStream, Job, WorkerBeat):
            model._default_manager.all().delete()
        yield


class Aside:
    """Does something in a thread, with a connection of its own."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.result: Any = None
        self._act = act
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._act()
        except BaseException as error:
            self.result = error
        finally:
            connection.close()

    def join(self) -> Any:
        self._thread.join(20)
        assert not self._thread.is_alive()
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result

    def is_waiting(self) -> bool:
        self._thread.join(0.3)
        return self._thread.is_alive()


def file(key: str = "same") -> None:
    with change(SYSTEM) as opened:
        opened.job(ledger_world.WORK, {"name": key, "stream": None, "then": {}}, key=key)


def claim_aside() -> list[Job]:
    claimed: list[Job] = Aside(lambda: ledger.claim(9, "aside", ports.now())).join()
    return claimed


def test_this_runs_on_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_a_twin_is_not_taken_before_the_change_that_relies_on_it_is_committed() -> None:
    file()
    with change(SYSTEM) as opened:
        opened.job(ledger_world.WORK, {}, key="same")
        opened.flush()
        opened._jobs.clear()
        assert claim_aside() == []
    assert len(claim_aside()) == 1


def test_a_key_that_is_taken_while_a_change_waits_is_filed_anew() -> None:
    file()
    with transaction.atomic():
        assert len(ledger.claim(1, "ann", ports.now())) == 1
        filing = Aside(file)
        assert filing.is_waiting()
    filing.join()
    assert sorted(Job.objects.values_list("state", flat=True)) == [JobState.QUEUED, JobState.RUNNING]


def test_a_failure_that_meets_a_twin_being_filed_is_superseded() -> None:
    file()
    [job] = ledger.claim(1, "ann", ports.now())
    with change(SYSTEM) as opened:
        opened.job(ledger_world.WORK, {}, key="same")
        opened.flush()
        opened._jobs.clear()
        failing = Aside(lambda: ledger.fail(job, "busy"))
        assert failing.is_waiting()
    failing.join()
    row = Job.objects.get(pk=job.pk)
    assert (row.state, row.last_error) == (JobState.DONE, f"{ledger.SUPERSEDED} busy")


def test_workers_at_once_take_each_job_once() -> None:
    with change(SYSTEM) as opened:
        for _ in range(80):
            opened.job(ledger_world.WORK, {})
    now = ports.now()

    def work() -> list[UUID]:
        taken: list[UUID] = []
        while claimed := ledger.claim(3, "any", now):
            taken += [job.pk for job in claimed]
        return taken

    taken = [pk for aside in [Aside(work) for _ in range(4)] for pk in aside.join()]
    assert len(taken) == len(set(taken)) == 80


def test_numbers_follow_the_order_of_commits_in_a_new_stream() -> None:
    def write() -> None:
        for _ in range(10):
            with change(SYSTEM) as opened:
                opened.event(EventType.TASK_UPDATED, data={"name": "x"})
                opened.event(EventType.TASK_UPDATED, project=UUID(int=1), data={"name": "y"})

    for aside in [Aside(write) for _ in range(4)]:
        aside.join()
    assert {stream: len(names) for stream, names in ledger_world.logged().items()} == {None: 40, UUID(int=1): 40}


@pytest.mark.usefixtures("quiet")
def test_nothing_is_lost_or_done_twice_whatever_crashes() -> None:
    machine.play(examples=10, steps=25)
