"""`taskflow up`: everything on one machine, from one command."""

import contextlib
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taskflow.bootstrap.children import Program
from taskflow.bootstrap.instance import load_interfaces, load_use_cases, open_instance
from taskflow.bootstrap.listener import open_listener
from taskflow.bootstrap.lock import InstanceLock
from taskflow.bootstrap.preparation import Preparation, Started
from taskflow.bootstrap.supervisor import Supervisor
from taskflow.config import load_settings
from taskflow.config.keys import prepare_data_dir


def run_embedded(overrides: dict[str, object], *, demo: bool, announce: Callable[[Started], None]) -> int:
    """Serve until a signal; the exit code.

    Raises ConfigError, AlreadyRunning or CannotListen, or SystemExit after a failed preparation, before anything was
    started.
    """
    # Nothing that is imported from here on is ever garbage; looking for some costs a tenth of the start.
    gc.disable()
    settings = load_settings(os.environ, overrides)
    prepare_data_dir(settings.data_dir)
    lock = InstanceLock(settings.data_dir)
    lock.acquire(f"{settings.bind_host} {settings.bind_port}")
    with open_listener(settings.bind_host, settings.bind_port) as listener:
        settings = open_instance(overrides)
        preparation = Preparation(settings, demo=demo)

        from taskflow.bootstrap.web import serve
        from taskflow.bootstrap.worker import work

        wsgi: Any = load_interfaces().application
        load_use_cases()
        started = preparation.finish()
        _settle_before_fork()
        programs = [
            Program("web", lambda ready: serve(settings, wsgi, listener, ready)),
            Program("worker", lambda ready: work(settings, ready)),
        ]
        try:
            return Supervisor(programs, lambda: announce(started)).run()
        finally:
            lock.release()


def open_browser(url: str) -> None:
    """Show the address in a browser, where there is a screen; never fails and never waits."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    with contextlib.suppress(OSError):
        subprocess.Popen(  # noqa: S603 - our own interpreter and our own address
            [sys.executable, "-m", "webbrowser", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _settle_before_fork() -> None:
    """One thread, and as much memory as can be shared with the children."""
    if threading.active_count() != 1 or _count_kernel_threads() != 1:
        raise RuntimeError(f"threads are running before the fork: {threading.enumerate()}")
    gc.collect()
    # Objects that the collector never looks at again keep their memory pages shared.
    gc.freeze()
    gc.enable()


def _count_kernel_threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1
