"""Instances for the tests of the embedded mode."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bootstrap.instances import Instance, run


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty database of the present schema; copy it, do not use it."""
    folder = tmp_path_factory.mktemp("migrated") / "data"
    done = run("migrate", "--data-dir", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def data_dir(migrated: Path, tmp_path: Path) -> Path:
    """A migrated data folder of this test's own."""
    return Path(shutil.copytree(migrated, tmp_path / "data"))


@pytest.fixture
def make_instance() -> Iterator[Callable[..., Instance]]:
    """Makes instances that are killed when the test ends."""
    made: list[Instance] = []

    def make(*arguments: object, **options: object) -> Instance:
        made.append(Instance(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for instance in made:
        instance.kill_everything()
