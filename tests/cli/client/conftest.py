"""One running instance for all tests of the client commands, and shells of people who have accounts on it."""

import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.bootstrap.instances import Instance
from tests.cli.client.scripted import Scripted
from tests.cli.client.shells import PASSWORD, Shell

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def instance(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """`taskflow up` with the account ada."""
    folder = Path(shutil.copytree(migrated, tmp_path_factory.mktemp("instance") / "data"))
    made = Instance(folder, {"RATE_LIMITS": "off"})
    try:
        made.start()
        _register(made, "ada")
        yield made
    finally:
        made.kill_everything()


@pytest.fixture
def shell(instance: Instance, tmp_path: Path) -> Shell:
    """The shell of somebody who is not logged in yet."""
    return Shell(tmp_path, instance.url)


@pytest.fixture
def person(instance: Instance, tmp_path: Path) -> Shell:
    """The shell of somebody new, whose list is empty, logged in."""
    name = f"person{next(_numbers)}"
    _register(instance, name)
    return Shell(tmp_path, instance.url).login(name)


@pytest.fixture
def call(instance: Instance, person: Shell) -> Callable[..., httpx.Response]:
    """Asks the API as `person`, beside the commands."""
    token = json.loads(person.login_file.read_text())["servers"][instance.url]["token"]

    def ask(method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.request(method, f"{instance.url}/api/v1/{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer

    return ask


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def script(scripted: Scripted, tmp_path: Path) -> Shell:
    """A shell that uses the scripted server."""
    shell = Shell(tmp_path, scripted.url)
    shell.env |= {"TASKFLOW_CLIENT_URL": scripted.url, "TASKFLOW_CLIENT_TOKEN": "tfp_x"}
    return shell


def bearer(instance: Instance, name: str) -> dict[str, str]:
    """The header of a token of this person's that may do everything, unlike the commands' own."""
    wish = {"username": name, "password": PASSWORD, "name": "all"}
    answer = httpx.post(f"{instance.url}/api/v1/auth/tokens", json=wish, timeout=60)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def _register(instance: Instance, name: str) -> None:
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    answer = httpx.post(f"{instance.url}/api/v1/auth/register", json=account, timeout=60)
    assert answer.status_code == 201, answer.text
