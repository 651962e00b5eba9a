"""A pytest plugin that loads before Django: no variable of the shell reaches the tests, and data go to a folder that
is thrown away.

With `TEST_DATABASE=postgres` the tests that use the database run, and only they, on PostgreSQL.
"""

import atexit
import os
import shutil
import sys
import tempfile
from urllib.parse import urlsplit, urlunsplit

import pytest

# Some tests ask for this plugin in their modules, when others have imported it long before.
pytest.register_assert_rewrite("taskflow.testing.plugin")

for _name in [name for name in os.environ if name.startswith("TASKFLOW_")]:
    del os.environ[_name]
# Processes that tests start would compile all their modules, each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
_folder = tempfile.mkdtemp(prefix="taskflow-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["TASKFLOW_DATA_DIR"] = _folder
# What this machine has installed is looked into by tests that say so.
os.environ["TASKFLOW_PLUGINS"] = "-"

_POSTGRES = os.environ.get("TEST_DATABASE") == "postgres"
if _POSTGRES:
    from tests.postgres import ADDRESS, open_server

    # Django makes test_<name> and drops it at the end. Processes of one run share the name (pytest-django adds each
    # one's number), runs at once do not.
    _run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    os.environ["TASKFLOW_DATABASE_URL"] = urlunsplit(urlsplit(ADDRESS)._replace(path=f"/taskflow_{_run}"))

_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_serialized_rollback"}


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """A password check costs 0.3 s by design; tests that are not about it need not pay."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL leave out what never meets the database, and skip the rest, for all to see, without a server.

    Left out as well: tests marked `once`, and those marked `postgres`. They make their own PostgreSQL database in any
    run, so that the run on SQLite has them already, and a second time they would do the very same.
    """
    if not _POSTGRES:
        return
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        uses = item.get_closest_marker("django_db") or _DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
        repeats = item.get_closest_marker("postgres") or item.get_closest_marker("once")
        (kept if uses and not repeats else left).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)
    fault = _find_fault() if kept else ""
    if fault:
        for item in kept:
            item.add_marker(pytest.mark.skip(reason=fault))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Tests named on the command line may all be without a database."""
    if _POSTGRES and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def _find_fault() -> str:
    """Why there is no server, or nothing. In CI that is an error and no reason to skip."""
    try:
        open_server().close()
    except pytest.skip.Exception as skipped:
        return str(skipped.msg)
    return ""
