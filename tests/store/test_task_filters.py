"""Filters as SQL: on either database they find what their words mean, and nothing that the reader may not see."""

import os
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from taskflow.application import ports
from taskflow.domain.filters.expressions import Comparison, Expression, Name, Operator, Value
from taskflow.domain.filters.fields import FIELDS
from taskflow.store.models import Task
from taskflow.store.sql import Sql
from taskflow.store.task_filters import filter_condition
from taskflow.store.task_rows import read_tasks
from tests.domain.filters import expressions as language
from tests.postgres import postgres_database
from tests.store.filter_world import (
    LABELS,
    NOW,
    TITLES,
    WORDS,
    World,
    build_world,
    instants,
    matches,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", params=["usual", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: Any, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The world in the database that all tests have, and once more in PostgreSQL."""
    ports.install(queue=ports.PolledQueue(), clock=ports.SystemClock())
    with django_db_blocker.unblock():
        if request.param == "postgres":
            with postgres_database(f"taskflow_filters_{os.getpid()}"):
                yield build_world()
        else:
            with transaction.atomic():
                yield build_world()
                transaction.set_rollback(True)


def found(sql: Sql) -> set[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        return {Task._meta.pk.to_python(row[0]) for row in cursor.fetchall()}


def shown(expression: Expression, world: World) -> set[Any]:
    """What Ada's list shows."""
    return {row.id for row in read_tasks(world.ada, filter_condition(expression, world.ada, NOW))}


def pooled() -> dict[Name, st.SearchStrategy[Value]]:
    """Values of which many are those of some task."""
    keys = st.sampled_from(
        [f"{key}-{number}" for key in ("HOME", "HUS", "IN1", "TEAM", "SECRET") for number in range(1, 9)]
    )
    near = st.one_of(
        language.relatives,
        st.sampled_from(instants()),
        st.dates(date(2026, 11, 22), date(2026, 12, 2)),
    )
    return language.VALUES | {
        Name.TITLE: st.sampled_from(TITLES).map(str.upper),
        Name.DESCRIPTION: st.sampled_from(["", *TITLES]),
        Name.LABEL: st.sampled_from([*LABELS, "STRASSE", "CAFÉ", "cafe"]),
        Name.ASSIGNEE: st.sampled_from(["me", "ME", "Ada", "BOB", "nobody"]),
        Name.PROJECT: st.sampled_from(["inbox", "Inbox", "home", "HUS", "hauslich", "team", "secret", "IN2", "hüs"]),
        Name.KEY: keys,
        Name.PARENT: keys,
        Name.URGENCY: st.sampled_from([0.0, 12.5, 12.75, 50.0, 99.75, 100.0]),
        Name.ESTIMATE: st.sampled_from([0, 15, 30, 90, 91]),
        Name.DUE: near,
        Name.START: near,
        Name.CREATED: near,
        Name.UPDATED: near,
        Name.COMPLETED: near,
    }


PARTS = dict.fromkeys(Name, st.sampled_from([*WORDS, *LABELS, "HOME-1", "ome", "bo", "M-1"]))


def test_random_filters_find_what_a_reader_of_the_manual_would(world: World) -> None:
    tasks = list(
        Task.objects.filter(pk__in=world.visible)
        .select_related("project", "parent__project")
        .prefetch_related("labels", "assignees", "blocked_by__project", "former_keys__project")
    )
    assert len(tasks) > 50

    @given(language.expressions(language.comparisons(pooled(), PARTS)))
    @settings(max_examples=150, deadline=None)
    def check(expression: Expression) -> None:
        wanted = {task.pk for task in tasks if matches(expression, task, world.ada)}
        assert shown(expression, world) == wanted

    check()


def test_every_comparison_of_dates_and_of_what_is_hidden_agrees_too(world: World) -> None:
    tasks = list(Task.objects.filter(pk__in=world.visible).select_related("project", "parent__project"))
    days = [date(2026, 11, day) for day in range(22, 28)]
    dated = [
        Comparison(name, operator, (value,))
        for name in (Name.DUE, Name.START, Name.CREATED)
        for operator in FIELDS[name].operators
        for value in [*days, *instants()]
    ]
    hidden = Task.objects.filter(project=world.secret)
    parents = [Comparison(Name.PARENT, Operator.EQUAL, (task.key,)) for task in hidden]
    flags = [Comparison(name, Operator.EQUAL, (True,)) for name in (Name.BLOCKED, Name.OVERDUE)]
    for expression in [*dated, *parents, *flags]:
        wanted = {task.pk for task in tasks if matches(expression, task, world.ada)}
        assert shown(expression, world) == wanted, expression


def test_any_filter_runs_and_is_true_or_false_of_every_task(world: World) -> None:
    everything = set(Task.objects.values_list("pk", flat=True))

    @given(language.expressions(language.comparisons(language.VALUES, {})))
    @settings(max_examples=100, deadline=None)
    def check(expression: Expression) -> None:
        condition = filter_condition(expression, world.ada, NOW)
        rows = "SELECT t.id FROM store_task t JOIN store_project p ON p.id = t.project_id WHERE "
        yes = found(Sql(rows + condition.text, condition.params))
        no = found(Sql(f"{rows} NOT ({condition.text})", condition.params))
        assert yes | no == everything
        assert not yes & no

    check()
