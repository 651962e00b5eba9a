"""Asks things of a plugin in a fresh process, which sees no setting of an instance."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from taskflow.testing.promises import BrokenPromise

#: Seconds.
DEADLINE = 30.0
_PRIVATE = ("TASKFLOW_", "DJANGO_", "DATABASE_", "PG")
_LONGEST_TRACE = 4_000


def probe_import(module: str) -> dict[str, Any]:
    """`seconds` of processor time, `sockets`, `foreign` modules of TaskFlow, `error`: of importing the module."""
    script = Path(__file__).with_name("import_probe.py")
    return _ask([str(script)], {"module": module})


def probe_first_use(request: dict[str, Any]) -> dict[str, Any]:
    """`blocked` seconds, `raised`, `sockets` of the hooks, `foreign` modules: of the first call. See `first_use`."""
    return _ask(["-m", "taskflow.testing.first_use"], request)


def _ask(script: list[str], request: dict[str, Any]) -> dict[str, Any]:
    """The child's answer; `BrokenPromise` where it gives none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    with tempfile.TemporaryFile() as result, tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-P", *script, str(result.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=printed,
            pass_fds=(result.fileno(),),
            env=environment,
            start_new_session=True,
        )
        try:
            child.communicate(json.dumps(request | {"path": sys.path}).encode(), timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            raise BrokenPromise(f"The plugin had not come to an end after {DEADLINE:g} seconds.") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        result.seek(0)
        text = result.read()
        if not text:
            printed.seek(max(0, printed.seek(0, os.SEEK_END) - _LONGEST_TRACE))
            trace = printed.read().decode(errors="replace")
            raise BrokenPromise(f"The plugin ended its process with exit code {child.returncode}.\n{trace}")
        answer: dict[str, Any] = json.loads(text)
        return answer
