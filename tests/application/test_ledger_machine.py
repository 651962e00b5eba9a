"""The event log and the ledger, killed at every database step: nothing is lost, nothing done is run again."""

import copy
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from taskflow.application import ledger, ports
from taskflow.application.changes import change
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM
from taskflow.store.models import Job
from taskflow.store.models.jobs import JobState
from tests.application.crashes import Crash
from tests.application.ledger_world import (
    ATTEMPTS,
    START,
    STREAMS,
    UNKNOWN,
    WORK,
    Mishap,
    Plan,
    Wires,
    assert_settled,
    drain,
    effects,
    logged,
    run,
    wipe,
)
from tests.conftest import FrozenClock

crashes = st.none() | st.tuples(st.integers(1, 16), st.booleans())
keys = st.sampled_from(["", "", "red", "blue"])


def crash_of(drawn: tuple[int, bool] | None) -> Crash:
    return Crash() if drawn is None else Crash(drawn[0], after=drawn[1])


class LedgerMachine(RuleBasedStateMachine):
    """Drives changes, workers, sweeps and retries through crashes, beside a plain account of what must hold."""

    @initialize()
    def begin(self) -> None:
        wipe()
        self.clock, self.wires = FrozenClock(START), Wires()
        ports.install(clock=self.clock, queue=self.wires)
        self.turn = self.names = 0
        self.log: dict[UUID | None, list[str]] = {}
        self.promised: set[str] = set()
        self.keyed: list[tuple[str, int]] = []
        self.held: list[Job] = []
        self.claims: list[Job] = []
        self.claimed_in: dict[UUID, int] = {}
        self.before: dict[UUID, Job] = {}

    def name(self, what: str) -> str:
        self.names += 1
        return f"{what} {self.names}"

    def promise(self, name: str, key: str) -> None:
        """A committed change filed this: its row, or one that is queued with its key, must be there."""
        if key:
            assert Job.objects.filter(key=key, state=JobState.QUEUED).exists()
            self.keyed.append((key, self.turn))
        else:
            self.promised.add(name)

    @rule(
        streams=st.lists(st.sampled_from(STREAMS), min_size=1, max_size=3),
        filed=st.lists(st.tuples(keys, st.lists(keys, max_size=1)), max_size=2),
        kind=st.sampled_from([WORK, WORK, WORK, UNKNOWN]),
        undone=st.booleans(),
        crash=crashes,
    )
    def make_change(
        self,
        streams: list[UUID | None],
        filed: list[tuple[str, list[str]]],
        kind: str,
        undone: bool,
        crash: tuple[int, bool] | None,
    ) -> None:
        events = [(stream, self.name("event")) for stream in streams]
        works = [(self.name("job"), key, {self.name("job"): then for then in thens}) for key, thens in filed]
        with crash_of(crash) as power:
            try:
                with change(SYSTEM) as opened:
                    for stream, name in events:
                        opened.event(EventType.TASK_UPDATED, project=stream, data={"name": name})
                    for name, key, thens in works:
                        where = None if streams[0] is None else str(streams[0])
                        opened.job("" if key else kind, {"name": name, "stream": where, "then": thens}, key=key)
                        opened._jobs[-1].kind = WORK if key else kind
                    if undone:
                        raise Mishap
            except Mishap:
                pass
        if power.commits:
            assert not undone
            for stream, name in events:
                self.log.setdefault(stream, []).append(name)
            for name, key, _ in works:
                self.promise(name, key)
        Job.objects.filter(max_attempts=8).update(max_attempts=ATTEMPTS)

    @rule(limit=st.integers(1, 3), worker=st.sampled_from(["ann", "bea", "cy"]), crash=crashes)
    def claim(self, limit: int, worker: str, crash: tuple[int, bool] | None) -> None:
        with crash_of(crash):
            claimed = ledger.claim(limit, worker, self.clock.now())
            self.held += claimed
            self.claims += copy.deepcopy(claimed)

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0), plan=st.sampled_from([Plan.SUCCEED, *Plan]), crash=crashes)
    def run_held(self, pick: int, plan: Plan, crash: tuple[int, bool] | None) -> None:
        self.run_one(self.held.pop(pick % len(self.held)), plan, crash)

    @precondition(lambda self: self.claims)
    @rule(pick=st.integers(0), plan=st.sampled_from([Plan.SUCCEED, *Plan]), crash=crashes)
    def run_a_former_claim_again(self, pick: int, plan: Plan, crash: tuple[int, bool] | None) -> None:
        """A worker that was believed dead comes back with what it knew."""
        self.run_one(copy.deepcopy(self.claims[pick % len(self.claims)]), plan, crash)

    def run_one(self, job: Job, plan: Plan, crash: tuple[int, bool] | None) -> None:
        earlier = effects()[job.pk]
        with crash_of(crash):
            run(job, plan)
        if effects()[job.pk] > earlier:
            stream = job.payload["stream"]
            self.log.setdefault(None if stream is None else UUID(stream), []).append(f"effect {job.pk}")
            for name, key in job.payload["then"].items():
                self.promise(name, key)
        Job.objects.filter(max_attempts=8).update(max_attempts=ATTEMPTS)

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0), crash=crashes)
    def extend(self, pick: int, crash: tuple[int, bool] | None) -> None:
        job = self.held[pick % len(self.held)]
        row = Job.objects.get(pk=job.pk)
        with crash_of(crash):
            try:
                ledger.extend(job, self.clock.now())
            except ledger.LeaseLost:
                assert (row.state, row.lease) != (JobState.RUNNING, job.lease)

    @rule()
    def kill_workers(self) -> None:
        self.held.clear()

    @rule(seconds=st.sampled_from([1, 5, 61, 61, 300, 901]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule(crash=crashes)
    def sweep(self, crash: tuple[int, bool] | None) -> None:
        with crash_of(crash) as power:
            ledger.sweep(self.clock.now())
        overdue = Job.objects.filter(state=JobState.RUNNING, lease_expires_at__lt=self.clock.now())
        assert power.died or not overdue.exists()

    @rule(crash=crashes)
    def retry(self, crash: tuple[int, bool] | None) -> None:
        dead = list(Job.objects.filter(state=JobState.DEAD).values_list("pk", flat=True))
        with crash_of(crash):
            ledger.retry(SYSTEM, dead)

    @rule(state=st.sampled_from(["deliver", "lose", "break"]))
    def rewire(self, state: str) -> None:
        self.wires.state = state

    @invariant()
    def holds(self) -> None:
        self.turn += 1
        rows = {job.pk: job for job in Job.objects.all()}
        took_effect = effects()
        assert {stream: names for stream, names in logged().items() if names} == self.log
        assert self.promised <= {job.payload["name"] for job in rows.values()}
        assert set(self.wires.woken) <= set(rows)
        assert self.before.keys() <= rows.keys()
        queued = Counter(job.key for job in rows.values() if job.key and job.state == JobState.QUEUED)
        assert not queued or max(queued.values()) == 1
        for job in rows.values():
            assert_settled(job, took_effect)
            assert job.attempts <= job.max_attempts
            assert (job.lease is None) == (job.lease_expires_at is None) == (job.state != JobState.RUNNING)
            assert (job.finished_at is None) == (job.state in (JobState.QUEUED, JobState.RUNNING))
            self.check_step(self.before.get(job.pk), job)
        ends = [job.next_attempt_at for job in rows.values() if job.state == JobState.QUEUED]
        ends += [job.lease_expires_at for job in rows.values() if job.lease_expires_at is not None]
        assert ledger.next_due(self.clock.now()) == min(ends, default=None)
        self.before = rows

    def check_step(self, old: Job | None, new: Job) -> None:
        match (old and str(old.state), str(new.state)):
            case (None, "queued"):
                assert new.attempts == 0
            case ("queued", "running"):
                assert old is not None
                assert new.attempts == old.attempts + 1
                assert new.lease_expires_at == self.clock.now() + ledger.LEASE
                self.claimed_in[new.pk] = self.turn
            case ("running", "queued"):
                wait = new.next_attempt_at - self.clock.now()
                ceiling = min(ledger.BACKOFF_CAP, ledger.BACKOFF_BASE * 2**new.attempts)
                assert timedelta() <= wait <= ceiling
            case ("running", "dead"):
                assert new.attempts == new.max_attempts or "PermanentFailure" in new.last_error
            case ("dead", "queued"):
                assert new.attempts == 0
            case ("done", "done"):
                assert old is not None
                assert (old.attempts, old.finished_at) == (new.attempts, new.finished_at)
            case (then, now):
                assert then == now or (then, now) == ("running", "done"), f"{then} became {now}"

    def teardown(self) -> None:
        if not hasattr(self, "clock"):
            return
        self.turn += 1
        for _ in range(100):
            self.clock.advance(minutes=20)
            self.sweep(None)
            self.holds()
            claimed = ledger.claim(100, "last", self.clock.now())
            self.holds()
            for job in claimed:
                self.run_one(job, Plan.SUCCEED, None)
                self.holds()
            if not Job.objects.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
                break
        ended = list(Job.objects.all())
        assert {job.state for job in ended} <= {JobState.DONE, JobState.DEAD}
        for key, turn in self.keyed:
            assert any(
                job.key == key
                and not job.last_error.startswith(ledger.SUPERSEDED)
                and self.claimed_in.get(job.pk, 0) > turn
                for job in ended
            ), f"nothing ran for {key!r} after it was filed in turn {turn}"


@pytest.fixture
def quiet() -> Iterator[None]:
    """Failures by the thousand are wanted here, and no fsync: it guards against power cuts, which are not played."""
    logging.disable(logging.CRITICAL)
    options: dict[str, Any] = connections.settings["default"].setdefault("OPTIONS", {})
    command = options.get("init_command")
    if command:
        options["init_command"] = command.replace("synchronous=FULL", "synchronous=OFF")
        connection.close()
    yield
    if command:
        options["init_command"] = command
        connection.close()
    logging.disable(logging.NOTSET)


def play(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.usefixtures("transactional_db", "quiet")
def test_nothing_is_lost_or_done_twice_whatever_crashes() -> None:
    play(examples=20, steps=25)


@pytest.mark.soak
@pytest.mark.usefixtures("transactional_db", "quiet")
def test_nothing_is_lost_or_done_twice_in_a_long_run() -> None:
    play(examples=2000, steps=60)


def file_work(key: str = "") -> None:
    with change(SYSTEM) as opened:
        opened.event(EventType.TASK_CREATED, project=STREAMS[0], data={"name": "first"})
        opened.event(EventType.TASK_CREATED, data={"name": "of the site"})
        opened.job(WORK, {"name": "plain", "stream": str(STREAMS[0]), "then": {"next": "red"}})
        opened.job(WORK, {"name": "keyed", "stream": None, "then": {}}, key="blue")


def work_through(clock: FrozenClock, *plans: Plan) -> None:
    for plan in plans:
        clock.advance(minutes=20)
        for job in ledger.claim(5, "ann", clock.now()):
            run(job, plan)


def succeed(clock: FrozenClock) -> None:
    work_through(clock, Plan.SUCCEED, Plan.SUCCEED)


def fail_and_succeed(clock: FrozenClock) -> None:
    work_through(clock, Plan.FAIL_BEFORE, Plan.FAIL_INSIDE, Plan.SUCCEED, Plan.FAIL_AFTER)


def vanish_and_sweep(clock: FrozenClock) -> None:
    clock.advance(seconds=1)
    ledger.claim(5, "ann", clock.now())
    clock.advance(minutes=2)
    ledger.sweep(clock.now())
    work_through(clock, Plan.SUCCEED)


def die_and_retry(clock: FrozenClock) -> None:
    work_through(clock, Plan.GIVE_UP)
    ledger.retry(SYSTEM, Job.objects.filter(state=JobState.DEAD).values_list("pk", flat=True))
    work_through(clock, Plan.SUCCEED)


@pytest.mark.parametrize("story", [succeed, fail_and_succeed, vanish_and_sweep, die_and_retry])
@pytest.mark.usefixtures("transactional_db", "quiet")
def test_a_crash_at_each_single_step_of_a_story_changes_nothing_in_the_end(
    story: Callable[[FrozenClock], None],
) -> None:
    at, survived = 0, False
    while not survived:
        at += 1
        wipe()
        clock = FrozenClock(START)
        ports.install(clock=clock)
        with Crash(at) as power:
            file_work()
            story(clock)
        survived = not power.died
        if not power.commits:
            assert not Job.objects.exists()
            assert logged() == {}
            continue
        drain(clock)
        ledger.retry(SYSTEM, Job.objects.filter(state=JobState.DEAD).values_list("pk", flat=True))
        drain(clock)
        took_effect, ended = effects(), {job.payload["name"]: job for job in Job.objects.all()}
        assert {name: job.state for name, job in ended.items()} == dict.fromkeys(["plain", "keyed", "next"], "done")
        assert took_effect == {job.pk: 1 for job in ended.values()}
        names = logged()
        assert names[STREAMS[0]] == ["first", f"effect {ended['plain'].pk}", f"effect {ended['next'].pk}"]
        assert names[None] == ["of the site", f"effect {ended['keyed'].pk}"]
    assert at > 30
