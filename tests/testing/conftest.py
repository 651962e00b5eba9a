"""A folder with good plugins that counts as installed, here and in child processes, for the tests of this folder."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin_host.distributions import make
from tests.testing.samples import ASKING, CHANNEL, OLLAMA, PRIORITISER, PROVIDER, WEBHOOK

GOOD = {
    "kit_llm": PROVIDER,
    "kit_ollama": OLLAMA,
    "kit_asking": ASKING,
    "kit_prioritiser": PRIORITISER,
    "kit_channel": CHANNEL,
    "kit_webhook": WEBHOOK,
}


@pytest.fixture(scope="package", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where distributions are looked for."""
    folder = tmp_path_factory.mktemp("installed")
    for slug, code in GOOD.items():
        make(folder, slug, code.format(slug=slug))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        yield folder


@pytest.fixture
def install(installed: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Installs a plugin for one test under a slug of its own; the name of its module."""
    made: list[str] = []

    def do(code: str, **options: str) -> str:
        slug = f"kit_{abs(hash(request.node.nodeid))}"[:38]
        made.append(make(installed, slug, code.format(slug=slug), **options))
        return made[-1]

    yield do
    for module in made:
        for path in installed.glob(f"{module}*"):
            for file in path.iterdir() if path.is_dir() else ():
                file.unlink()
            path.rmdir() if path.is_dir() else path.unlink()
