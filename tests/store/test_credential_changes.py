"""A change of credentials is noticed by the processes of one machine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from taskflow.application.tokens import Wish, create_token, delete_token, find_token
from taskflow.store import credential_changes, tokens
from taskflow.store.credential_changes import open_counter, read_count
from taskflow.store.models import ApiToken, User
from tests.conftest import World

OTHER = """
import sys
from pathlib import Path
from taskflow.store import credential_changes
credential_changes.open_counter(Path(sys.argv[1]), create=True)
for _ in range(int(sys.argv[2])):
    credential_changes._advance()
"""


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    before = credential_changes._counter
    credential_changes._counter = credential_changes._Counter()
    open_counter(tmp_path, create=True)
    yield tmp_path
    credential_changes._counter = before


def test_other_processes_count_on_in_the_same_file(shared: Path) -> None:
    before = read_count()
    others = [subprocess.Popen([sys.executable, "-c", OTHER, str(shared), "200"]) for _ in range(3)]
    for _ in range(200):
        credential_changes._advance()
    assert [other.wait(60) for other in others] == [0, 0, 0]
    assert read_count() == before + 800


def test_a_folder_that_cannot_be_written_leaves_a_counter_of_ones_own(tmp_path: Path) -> None:
    before = credential_changes._counter
    credential_changes._counter = credential_changes._Counter()
    open_counter(tmp_path / "nowhere", create=True)
    open_counter(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []
    first = read_count()
    credential_changes._advance()
    assert read_count() != first
    credential_changes._counter = before


@pytest.mark.django_db(transaction=True)
def test_a_token_is_remembered_until_something_changes(world: World) -> None:
    token, secret = create_token(world.ada.as_actor(), Wish("first"))
    found = find_token(secret)
    assert found is not None
    assert find_token(secret) is found
    User.objects.filter(pk=world.ada.pk).update(timezone="Asia/Tokyo")
    assert find_token(secret) is found
    world.bob.save()
    renewed = find_token(secret)
    assert renewed is not None
    assert renewed.user.timezone == "Asia/Tokyo"
    delete_token(world.ada.as_actor(), token.id)
    assert find_token(secret) is None


@pytest.mark.django_db(transaction=True)
def test_what_a_reader_sees_before_the_commit_is_forgotten_after_it(world: World) -> None:
    _, secret = create_token(world.ada.as_actor(), Wish("first"))
    with transaction.atomic():
        ApiToken.objects.filter(name="first").delete()
        # Another process reads now, and remembers what is still committed.
        during = read_count()
    assert read_count() != during
    assert find_token(secret) is None


@pytest.mark.django_db
def test_a_token_is_read_again_when_the_moment_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 0.0)
    _, secret = create_token(world.ada.as_actor(), Wish("first"))
    first = find_token(secret)
    assert find_token(secret) is not first
