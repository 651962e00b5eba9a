"""An instance with plugins that are made on the spot."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskflow.application import ports
from taskflow.application.plugin_runs import StoredFailures, StoredPlugins, outbound
from taskflow.bootstrap.worker import open_models
from taskflow.config import current_settings, load_settings, use_settings
from taskflow.config.keys import create_keys
from taskflow.domain.permissions import SiteRole
from taskflow.plugin_host.runner import Runner
from taskflow.store.models import User
from tests.conftest import Api, World
from tests.plugin_host.distributions import make
from tests.plugins.models import Advise

#: A plugin with a field of each kind that settings can have.
EVERY_FIELD = """
from enum import Enum
from typing import Literal

from pydantic import AnyHttpUrl, Field, SecretStr

from taskflow.plugin_api import Health, Kind, Manifest, Network, PluginConfig, Signal, hookimpl


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Config(PluginConfig):
    server: AnyHttpUrl = Field(description="Where it is")
    api_key: SecretStr
    model: str = "small"
    count: int = Field(default=3, ge=1, le=9)
    share: float = 0.5
    loud: bool = False
    mode: Literal["fast", "slow"] = "fast"
    mood: Mood = Mood.GOOD
    words: list[str] = []
    note: str | None = None


manifest = Manifest(slug="{slug}", name="Every field", kinds={{Kind.PRIORITISER}}, network=Network.NONE, config=Config)


class Opinion:
    name = "opinion"

    async def prioritise(self, request):
        return Signal(probabilities={{"low": 0.0, "medium": 0.0, "high": 0.1, "urgent": 0.9}})


@hookimpl
def taskflow_prioritisers(ctx):
    return [Opinion()]
"""

Install = Callable[..., str]


class Instance:
    """The settings of the instance under test, and the folder that plugins are installed into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._slugs: list[str] = []
        self._variables: dict[str, str] = {}

    def install(self, slug: str, code: str | None = None, *, raw: bool = False, **details: str) -> None:
        """As pip would; the code's `{slug}` stands for the slug, and braces are doubled, unless it is `raw`."""
        make(self.folder, slug, code if code is None or raw else code.format(slug=slug), **details)
        self._slugs.append(slug)
        self.set()

    def set(self, **variables: str) -> None:
        """Sets variables of the environment, without their prefix, as a restart would read them."""
        self._variables |= variables
        # What this machine has installed by itself is none of the test's business.
        named = {"PLUGINS": ",".join(dict.fromkeys(self._slugs)) or "-"} | self._variables
        environment = {f"TASKFLOW_{name}": value for name, value in named.items()}
        use_settings(load_settings({"TASKFLOW_DATA_DIR": os.environ["TASKFLOW_DATA_DIR"], **environment}))


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    before = current_settings()
    create_keys(before)
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    made = Instance(folder)
    made.set()
    yield made
    use_settings(before)


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    """A site administrator."""
    return make_user("root", SiteRole.ADMIN)


@pytest.fixture
def root_api(root: User) -> Api:
    """The administrator's client."""
    return Api(root)


@pytest.fixture
def runner(instance: Instance) -> Iterator[Runner]:
    """As a worker has one, beside a gateway."""
    made = Runner(StoredPlugins(), StoredFailures(), outbound=outbound())
    with open_models(current_settings()) as models:
        ports.install(plugins=made, models=models)
        yield made
        ports.forget_plugins()
    made.close()


@pytest.fixture
def advise(world: World, api: Api, run_jobs: Callable[[], int], runner: Runner) -> Advise:
    """A suggestion on a new task of Ada's."""

    def ask(title: str, *, allowed: bool = True) -> dict[str, Any]:
        api.patch(f"projects/{world.home.pk}", {"remote_models_allowed": allowed})
        task = api.post("tasks", {"project": str(world.home.pk), "title": title}).json()
        asked = api.post(f"tasks/{task['id']}/priority-suggestions").json()
        run_jobs()
        found: dict[str, Any] = api.get(f"priority-suggestions/{asked['id']}").json()
        return found

    return ask
