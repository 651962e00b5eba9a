"""A host of plugins that are made on the spot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import Outbound
from tests.plugin_host.hosting import Plugins, Remembered


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def plugins() -> Plugins:
    return Plugins()


@pytest.fixture
def sink() -> Remembered:
    return Remembered()


@pytest.fixture
def runner(plugins: Plugins, sink: Remembered) -> Iterator[Runner]:
    made = Runner(plugins, sink, outbound=Outbound())
    yield made
    made.close()
