"""Rows read and written by hand are those that the ORM reads and writes."""

import pytest
from django.utils import timezone

from taskflow.store import rows
from taskflow.store.models import Job, Project, Task
from taskflow.store.sql import Sql, uuid_value
from tests.conftest import Api, World


@pytest.fixture
def task(api: Api, world: World) -> Task:
    parent = api.post("tasks", {"project": "HOME", "title": "Parent"}).json()["id"]
    body = {"project": "HOME", "title": "Größe", "parent": parent, "due_at": "2026-12-01T09:00:00.123456Z"}
    body |= {"start_date": "2026-11-30", "estimate_minutes": 5, "priority": "high"}
    return Task.objects.get(pk=api.post("tasks", body).json()["id"])


def read(task: Task) -> Task:
    text = f"SELECT {rows.columns(Task, 't')} FROM store_task t WHERE t.id = %s"
    return rows.build(Task, rows.fetch(Sql(text, (uuid_value(task.pk),)))[0])


def values(instance: Task) -> dict[str, object]:
    return {field.attname: getattr(instance, field.attname) for field in Task._meta.concrete_fields}


def test_a_row_read_by_hand_equals_the_orms(task: Task) -> None:
    assert values(read(task)) == values(task)


def test_saving_changes_what_differs_and_nothing_else(task: Task) -> None:
    held = read(task)
    Task.objects.filter(pk=task.pk).update(description="meanwhile")
    held.title, held.urgency_factors = "Other", [{"code": "due"}]
    rows.save(held)
    rows.save(held)
    expected = values(task) | {"title": "Other", "urgency_factors": [{"code": "due"}], "description": "meanwhile"}
    assert values(Task.objects.get(pk=task.pk)) == expected


def test_an_inserted_row_is_the_instance(world: World) -> None:
    now = timezone.now()
    job = Job(kind="test", payload={"a": [1, None, "ü"]}, next_attempt_at=now, created_at=now)
    rows.insert(job)
    stored = Job.objects.get(pk=job.pk)
    assert [getattr(stored, f.attname) for f in Job._meta.fields] == [getattr(job, f.attname) for f in Job._meta.fields]


def test_a_project_comes_with_its_own_types(world: World) -> None:
    text = f"SELECT {rows.columns(Project, 'p')} FROM store_project p WHERE p.id = %s"
    found = rows.build(Project, rows.fetch(Sql(text, (uuid_value(world.home.pk),)))[0])
    assert (found.pk, found.created_by_id, found.archived) == (world.home.pk, world.ada.pk, False)
    assert found.created_at == Project.objects.get(pk=world.home.pk).created_at
