"""Imports as they run: in chunks that others can come between, cut short and repeated, on either database."""

import json
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from taskflow.application import imports
from taskflow.application.imports import preview_import, run_import
from taskflow.store.models import Decision, Dependency, Event, ImportedRecord, Task
from tests.conftest import World


def export(count: int, **fields: object) -> bytes:
    return json.dumps(
        [{"uuid": str(UUID(int=n + 1)), "description": f"Task {n}", "priority": "H", **fields} for n in range(count)]
    ).encode()


def chain(*pairs: tuple[int, int]) -> bytes:
    """Tasks 1 to 6, of which the first of each pair waits for the second."""
    tasks = [
        {
            "uuid": str(UUID(int=n)),
            "description": f"Task {n}",
            "depends": [str(UUID(int=second)) for first, second in pairs if first == n],
        }
        for n in range(1, 7)
    ]
    return json.dumps(tasks).encode()


@pytest.mark.django_db
def test_statements_grow_with_chunks_and_not_with_tasks(world: World) -> None:
    actor = world.ada.as_actor()
    with CaptureQueriesContext(
        connection,
    ) as few:
        run_import(actor, "taskwarrior", export(2), name="x")
    ImportedRecord.objects.all().delete()
    with CaptureQueriesContext(connection) as many:
        run_import(actor, "taskwarrior", export(30), name="x")
    assert len(many) <= len(few) <= 40


@pytest.mark.django_db
def test_a_list_that_jumps_between_projects_costs_no_more_and_keeps_each_projects_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    actor, costs = world.ada.as_actor(), []
    for name, jumps in (("together", False), ("mixed", True)):
        tasks = [
            {"description": f"{name} {n}", "project": f"{name}{n % 3 if jumps else n // 10}", "tags": ["a"]}
            for n in range(30)
        ]
        with CaptureQueriesContext(connection) as queries:
            assert run_import(actor, "taskwarrior", json.dumps(tasks).encode(), name="x").created == 30
        costs.append(len(queries))
    assert costs[0] == costs[1]
    titles = Task.objects.filter(project__name="mixed1").order_by("number").values_list("title", flat=True)
    assert list(titles) == [f"mixed {n}" for n in range(1, 30, 3)]


@pytest.mark.django_db
def test_a_batch_leaves_what_single_tasks_leave(world: World) -> None:
    report = run_import(world.ada.as_actor(), "taskwarrior", export(5, project="Garden", tags=["a", "B"]), name="x")
    assert report.created == 5
    tasks = list(Task.objects.filter(project__name="Garden").order_by("number"))
    assert [task.number for task in tasks] == [1, 2, 3, 4, 5]
    assert sorted(task.rank for task in tasks) == [task.rank for task in tasks]
    assert all(task.urgency_score > 0 and task.urgency_as_of for task in tasks)
    assert all({label.name for label in task.labels.all()} == {"a", "B"} for task in tasks)
    assert Event.objects.filter(type="taskflow.task.created", task_id__in=[t.pk for t in tasks]).count() == 5
    assert Decision.objects.filter(task__in=tasks, priority=3).count() == 5


@pytest.mark.django_db
def test_an_import_that_was_cut_short_goes_on_when_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = world.ada.as_actor()
    monkeypatch.setattr(imports, "CHUNK", 2)
    monkeypatch.setattr(imports, "_give_way", _stop_after(2))
    with pytest.raises(KeyboardInterrupt):
        run_import(actor, "taskwarrior", chain((1, 6), (2, 1)), name="x")
    assert Task.objects.count() == 4
    monkeypatch.setattr(imports, "_give_way", lambda: None)
    report = run_import(actor, "taskwarrior", chain((1, 6), (2, 1)), name="x")
    assert (report.created, report.skipped, report.errors) == (2, 4, [])
    assert Dependency.objects.count() == 2


def _stop_after(times: int):  # type: ignore[no-untyped-def]
    def stop() -> None:
        nonlocal times
        times -= 1
        if not times:
            raise KeyboardInterrupt

    return stop


@pytest.mark.django_db
def test_what_somebody_unlinked_stays_unlinked(world: World) -> None:
    actor = world.ada.as_actor()
    run_import(actor, "taskwarrior", chain((1, 6), (2, 1)), name="x")
    Dependency.objects.all().delete()
    run_import(actor, "taskwarrior", chain((1, 6), (2, 1)), name="x")
    assert not Dependency.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("chunk", [2, 200])
def test_a_circle_loses_only_the_links_that_close_it(world: World, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(imports, "CHUNK", chunk)
    monkeypatch.setattr(imports, "LINKED", chunk)
    circle = chain((1, 2), (2, 3), (3, 4), (4, 1), (5, 1))
    preview = preview_import(world.ada.as_actor(), "taskwarrior", circle, name="x")
    report = run_import(world.ada.as_actor(), "taskwarrior", circle, name="x")
    assert report == preview
    assert (report.created, [error["line"] for error in report.errors]) == (6, [1])
    assert Dependency.objects.count() == 4


@pytest.mark.django_db
def test_a_record_that_the_database_refuses_loses_only_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON store_task WHEN NEW.title = 'Task 3' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        else:
            cursor.execute("ALTER TABLE store_task ADD CONSTRAINT refuse CHECK (title <> 'Task 3')")
    report = run_import(world.ada.as_actor(), "taskwarrior", export(7), name="x")
    assert (report.created, [error["detail"] for error in report.errors]) == (
        6,
        ["It could not be stored and was left out."],
    )
    assert Event.objects.filter(type="taskflow.task.created").count() == 6
    assert sorted(Task.objects.values_list("number", flat=True))[0] == 1


@pytest.mark.django_db
def test_a_list_makes_no_more_than_200_projects(world: World) -> None:
    many = json.dumps([{"description": f"T{n}", "project": f"P{n}"} for n in range(210)]).encode()
    preview = preview_import(world.ada.as_actor(), "taskwarrior", many, name="x")
    assert (preview.created, len(preview.errors)) == (200, 10)
    assert "more than 200" in preview.errors[0]["detail"]
