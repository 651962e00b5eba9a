"""What is known of plugins follows what is installed; each is asked once."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from taskflow.application.plugins import find_plugins, refresh
from taskflow.config import current_settings, load_settings, use_settings
from taskflow.domain.errors import NotFound
from taskflow.store.models import Plugin, PluginSetup
from tests.plugin_host.distributions import make, record

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    before = current_settings()
    use_settings(load_settings({"TASKFLOW_DATA_DIR": os.environ["TASKFLOW_DATA_DIR"]}))
    yield tmp_path
    use_settings(before)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


def describe(plugin: Plugin) -> str:
    return "missing" if plugin.missing else "unusable" if plugin.error else "usable"


def states(folder: Path, *, again: bool = False) -> dict[str, str]:
    return {plugin.slug: describe(plugin) for plugin in refresh(again=again, paths=[str(folder)])}


def want(slug: str) -> None:
    PluginSetup.objects.create(slug=slug, enabled=True, updated_at=datetime.now(UTC))


def counting(folder: Path, code: str) -> str:
    """A module that notes in a file each time that it is imported."""
    return f"with open({str(folder / 'asked')!r}, 'a') as file:\n    file.write('x')\n{code}"


def test_good_and_broken_ones_stand_side_by_side(folder: Path) -> None:
    make(folder, "good")
    make(folder, "raises", "raise ValueError('broken')")
    make(folder, "leaves", "import os; os._exit(3)")
    assert states(folder) == {"good": "usable", "leaves": "unusable", "raises": "unusable"}
    (good,), (raises,) = find_plugins("good"), find_plugins("raises")
    assert good.schemas["config"]["properties"]["level"]["default"] == 3
    assert "ValueError: broken" in raises.error
    assert "raise ValueError('broken')" in raises.trace


def test_each_is_asked_once_until_its_files_change_or_somebody_wants_it(folder: Path) -> None:
    module = make(folder, "mood", counting(folder, "raise ValueError"))
    for again, times in ((False, 1), (False, 1), (True, 2), (False, 2)):
        states(folder, again=again)
        assert len((folder / "asked").read_text()) == times
    (folder / f"{module}.py").write_text(counting(folder, "raise KeyError"))
    record(folder, folder / f"{module}-1.0.dist-info", module)
    states(folder)
    assert len((folder / "asked").read_text()) == 3
    assert "KeyError" in Plugin.objects.get().error


def test_one_that_was_uninstalled_is_missing_until_it_comes_back_if_it_is_wanted(folder: Path, elsewhere: Path) -> None:
    make(folder, "mood")
    assert states(folder) == {"mood": "usable"}
    assert states(elsewhere) == {}
    assert states(folder) == {"mood": "usable"}
    want("mood")
    assert states(elsewhere) == {"mood": "missing"}
    assert states(folder) == {"mood": "usable"}


def test_of_two_that_claim_a_slug_both_wait_until_one_goes(folder: Path, elsewhere: Path) -> None:
    make(folder, "mood")
    make(elsewhere, "mood", distribution="other-mood")
    want("mood")
    both = refresh(paths=[str(folder), str(elsewhere)])
    assert [describe(plugin) for plugin in both] == ["unusable", "unusable"]
    assert all("both claim the slug" in plugin.error for plugin in find_plugins("mood"))
    left = refresh(paths=[str(folder)])
    assert {plugin.distribution: describe(plugin) for plugin in left} == {"taskflow-mood": "usable"}


def test_an_unknown_slug_names_the_remedy() -> None:
    with pytest.raises(NotFound, match="plugins list"):
        find_plugins("nothing")
