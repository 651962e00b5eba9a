"""Rows from before there were filters get the columns that filters compare by."""

from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

from taskflow.application.tasks import create_task
from taskflow.store import migrations
from taskflow.store.models import Project, Task
from tests.conftest import World

(NAME,) = [path.stem for path in Path(migrations.__path__[0]).glob("*_saved_filters.py")]
migration = import_module(f"taskflow.store.migrations.{NAME}")


def test_texts_are_folded_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "BATCH", 2)
    actor = world.ada.as_actor()
    for number in range(5):
        create_task(actor, {"project": world.home.pk, "title": "x", "description": f"CAFÉ {number}"})
    Project.objects.update(name_key="")
    Task.objects.update(description_key="")
    migration.fold_texts(apps, None)
    assert sorted(Task.objects.values_list("description_key", flat=True)) == [f"cafe {number}" for number in range(5)]
    assert set(Project.objects.values_list("name_key", flat=True)) == {"inbox", "home", "work"}
