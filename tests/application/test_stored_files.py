"""Contents and their rows: nothing lost, nothing left behind."""

import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection, transaction

from taskflow.application import attachments, ports, schedule, stored_files
from taskflow.application.tasks import create_task
from taskflow.domain.errors import Conflict, Invalid
from taskflow.infrastructure.files import FolderStore
from taskflow.store.models import Attachment, Event, Job, Task
from tests.conftest import FrozenClock, World


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "attachments")
    ports.install(files=store)
    return store


@pytest.fixture
def task(world: World) -> Task:
    return create_task(world.ada.as_actor(), {"title": "Paint", "project": "HOME"})


def upload(name: str = "note.txt", content: bytes = b"Hello") -> stored_files.Upload:
    return stored_files.Upload(name, "", len(content), BytesIO(content))


def attach(world: World, task: Task, name: str = "note.txt") -> Attachment:
    with stored_files.stored(upload(name)) as file:
        return attachments.add_attachment(world.ada.as_actor(), task.pk, file)


def abandon(store: FolderStore, name: str, age: timedelta) -> None:
    store.write(name, [b"left"])
    then = time.time() - age.total_seconds()
    os.utime(store.path(name), (then, then))


@pytest.mark.django_db
def test_a_content_that_no_row_took_is_removed(store: FolderStore) -> None:
    with stored_files.stored(upload()) as file:
        assert [name for name, _ in store.names()] == [file.blob.hex]
    assert list(store.names()) == []


@pytest.mark.django_db
def test_a_change_that_fails_leaves_neither_row_nor_content(store: FolderStore, world: World, task: Task) -> None:
    Task.objects.filter(pk=task.pk).update(deleted_at=ports.now())
    with pytest.raises(Conflict):
        attach(world, task)
    assert not Attachment.objects.exists()
    assert list(store.names()) == []


@pytest.mark.django_db
def test_the_content_is_durable_before_its_row(store: FolderStore, world: World, task: Task) -> None:
    """A crash between the two leaves an orphan: the transaction of the row had not begun when the content was there."""
    with stored_files.stored(upload()) as file:
        with store.open(file.blob.hex) as content:
            assert content.read() == b"Hello"
        assert not Attachment.objects.exists()
        with transaction.atomic():
            attachments.add_attachment(world.ada.as_actor(), task.pk, file)
            transaction.set_rollback(True)
    assert not Attachment.objects.exists()
    assert [name for name, _ in store.names()] == [file.blob.hex]


@pytest.mark.django_db
def test_orphans_are_swept_daily_and_nothing_else_is(
    store: FolderStore, world: World, task: Task, run_jobs: Callable[[], int]
) -> None:
    kept = attach(world, task)
    old, young, half = "aa" * 16, "bb" * 16, "cc" * 16
    abandon(store, old, stored_files.ABANDONED + timedelta(minutes=1))
    abandon(store, young, stored_files.ABANDONED - timedelta(minutes=1))
    abandon(store, half, stored_files.ABANDONED + timedelta(minutes=1))
    os.replace(store.path(half), store.path(kept.blob_name).parents[2] / "incoming" / half)
    then = time.time() - timedelta(days=300).total_seconds()
    os.utime(store.path(kept.blob_name), (then, then))
    for _ in range(2):
        schedule.run_due(ports.now())
        run_jobs()
    assert {name for name, _ in store.names()} == {kept.blob_name, young}
    assert Job.objects.filter(kind=stored_files.SWEEP).count() == 1


@pytest.mark.django_db
def test_the_sweep_comes_again_after_a_day_and_never_without_files(
    store: FolderStore, world: World, task: Task, clock: FrozenClock, run_jobs: Callable[[], int]
) -> None:
    assert not stored_files.is_sweep_due(clock.now())
    attach(world, task)
    assert stored_files.is_sweep_due(clock.now())
    schedule.run_due(clock.now())
    run_jobs()
    clock.advance(hours=23)
    assert not stored_files.is_sweep_due(clock.now())
    clock.advance(hours=1)
    assert stored_files.is_sweep_due(clock.now())


@pytest.mark.django_db
def test_a_database_that_knows_no_file_sweeps_nothing(store: FolderStore, run_jobs: Callable[[], int]) -> None:
    abandon(store, "aa" * 16, timedelta(days=9))
    schedule.run_due(ports.now())
    run_jobs()
    assert len(list(store.names())) == 1


@pytest.mark.django_db
def test_a_purge_empties_what_the_log_said_of_the_file(
    store: FolderStore, world: World, task: Task, clock: FrozenClock, run_jobs: Callable[[], int]
) -> None:
    from taskflow.application.trash import delete_task

    attach(world, task, "secret plan.txt")
    delete_task(world.ada.as_actor(), task.pk)
    clock.advance(days=31)
    schedule.run_due(clock.now())
    run_jobs()
    assert not [event for event in Event.objects.all() if "secret" in str(event.data)]


@pytest.mark.django_db(transaction=True)
def test_uploads_at_once_never_pass_the_limit(
    store: FolderStore, world: World, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_A_TASK", 3)
    outcomes: list[str] = []

    def work(number: int) -> None:
        try:
            attach(world, task, f"{number}.txt")
            outcomes.append("taken")
        except Conflict as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["attachments_full"] * 5 + ["taken"] * 3
    assert Attachment.objects.count() == len(list(store.names())) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00\x03\x00"])
def test_a_refused_file_never_reaches_the_store(store: FolderStore, content: bytes) -> None:
    with pytest.raises(Invalid), stored_files.stored(upload("a.bin", content)):
        pytest.fail("it was let in")
    assert store.is_empty()
