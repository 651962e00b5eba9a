"""Gateways for tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.gateways import Gateway, describe


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where plugins are installed."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def running(site: Path) -> Iterator[Gateway]:
    made = Gateway(site)
    yield made
    made.close()


@pytest.fixture
def gateway(running: Gateway, site: Path) -> Gateway:
    """One whose model scores and is trusted, with no answers kept from before."""
    running.configure(describe(site, trusted=True), generation=1)
    return running
