"""The small world that tests share: two people, two projects, and clients that speak for them."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from taskflow.application import jobs, ledger, ports
from taskflow.application.accounts import create_user
from taskflow.application.members import add_member
from taskflow.application.projects import create_project
from taskflow.domain.permissions import SYSTEM, ProjectRole, SiteRole
from taskflow.infrastructure.crypto import open_box
from taskflow.infrastructure.files import FolderStore, find_file_folder
from taskflow.store.models import Project, User

PASSWORD = "correct-horse-9-battery"


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


class Api:
    """A client of the REST interface that speaks JSON with one person's session."""

    def __init__(self, user: User | None, **headers: str) -> None:
        self.client = Client(headers=headers)
        if user is not None:
            self.client.force_login(user)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        request = getattr(self.client, method.lower())
        options: dict[str, Any] = {"headers": headers}
        if method != "GET":
            options |= {"data": {} if body is None else body, "content_type": "application/json"}
        return request(f"/api/v1/{path}", **options)

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self("DELETE", path, **headers)


@dataclass(slots=True)
class World:
    """Ada owns HOME, Bob owns WORK; Bob is a viewer of nothing and Ada of nothing until a test says so."""

    ada: User
    bob: User
    home: Project
    work: Project

    def join(self, project: Project, user: User, role: ProjectRole) -> None:
        """Makes `user` a member of `project`."""
        owner = project.memberships.get(role=ProjectRole.OWNER).user
        add_member(owner.as_actor(), project.pk, user.username, role)


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, django_db_keepdb: bool
) -> Iterator[None]:
    """The database of the tests is without knox's own table of tokens, and in the end without sessions.

    Its migrations make that table though ours is in use instead, and no model names it. PostgreSQL empties no table
    that another refers to, unless both go together, and Django, which empties the tables after a test with real
    transactions, knows only those of models.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Not there where only tests with a database of their own run: pytest-django then makes none.
        cursor.execute("DROP TABLE IF EXISTS knox_authtoken")
    yield
    if connection.vendor == "postgresql" and not django_db_keepdb:
        with django_db_blocker.unblock():
            _end_sessions(connection)


def _end_sessions(connection: Any) -> None:
    """Lets nobody into the database any more, and ends who is in it.

    A thread or a process that some test left behind would keep it from being dropped. A pool whose session ends opens
    another, which is why the door is shut first.
    """
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(name)} ALLOW_CONNECTIONS false")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@pytest.fixture(autouse=True)
def _fresh_ports() -> Iterator[None]:
    """No test sees another's clock, files or cache."""
    folder = find_file_folder(Path(os.environ["TASKFLOW_DATA_DIR"]))
    queue, clock = ports.PolledQueue(), ports.SystemClock()
    ports.install(queue=queue, clock=clock, files=FolderStore(folder), secrets=open_box())
    shutil.rmtree(folder, ignore_errors=True)
    cache.clear()
    yield
    ports.install(queue=ports.PolledQueue(), clock=ports.SystemClock())


@pytest.fixture
def clock() -> FrozenClock:
    """Tuesday, 24 November 2026, 09:00 UTC, until moved."""
    frozen = FrozenClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    ports.install(clock=frozen)
    return frozen


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Makes accounts through the use case."""

    def make(username: str, role: SiteRole = SiteRole.MEMBER) -> User:
        return create_user(
            SYSTEM, username=username, email=f"{username}@example.org", password=PASSWORD, role=role, timezone="UTC"
        )

    return make


@pytest.fixture
def world(make_user: Callable[..., User]) -> World:
    ada, bob = make_user("ada"), make_user("bob")
    return World(
        ada=ada,
        bob=bob,
        home=create_project(ada.as_actor(), {"name": "Home"}),
        work=create_project(bob.as_actor(), {"name": "Work"}),
    )


@pytest.fixture
def api(world: World) -> Api:
    """Ada's client."""
    return Api(world.ada)


@pytest.fixture
def bob_api(world: World) -> Api:
    """Bob's client."""
    return Api(world.bob)


@pytest.fixture
def run_jobs(db: None) -> Callable[[], int]:
    """Runs every job that is due, as a worker would; how many."""

    def run() -> int:
        count = 0
        while claimed := ledger.claim(20, "test", ports.now()):
            for job in claimed:
                jobs.run(job)
                count += 1
        return count

    return run
