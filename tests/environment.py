"""A pytest plugin that loads before Django: no variable of the shell reaches the tests, and data go to a folder that
is thrown away."""

import atexit
import os
import shutil
import tempfile

import pytest

for _name in [name for name in os.environ if name.startswith("TASKFLOW_")]:
    del os.environ[_name]
_folder = tempfile.mkdtemp(prefix="taskflow-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["TASKFLOW_DATA_DIR"] = _folder


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """A password check costs 0.3 s by design; tests that are not about it need not pay."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
