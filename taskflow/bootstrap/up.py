"""`taskflow up`: everything on one machine, from one command."""

import contextlib
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskflow.bootstrap.children import Program
from taskflow.bootstrap.instance import load_interfaces, load_use_cases, open_instance
from taskflow.bootstrap.listener import open_listener
from taskflow.bootstrap.lock import InstanceLock
from taskflow.bootstrap.supervisor import Supervisor
from taskflow.config import Settings, load_settings
from taskflow.config.keys import prepare_data_dir


@dataclass(frozen=True)
class Started:
    """What is told when the instance answers. `url` leads to the pages, or signs the first person in."""

    url: str
    signs_in: bool
    warning: str = ""


def run_embedded(overrides: dict[str, object], *, demo: bool, announce: Callable[[Started], None]) -> int:
    """Serve until a signal; the exit code.

    Raises ConfigError, AlreadyRunning, CannotListen or NewerDatabase before anything was started.
    """
    # Nothing that is imported from here on is ever garbage; looking for some costs a tenth of the start.
    gc.disable()
    settings = load_settings(os.environ, overrides)
    prepare_data_dir(settings.data_dir)
    lock = InstanceLock(settings.data_dir)
    lock.acquire(f"{settings.bind_host} {settings.bind_port}")
    with open_listener(settings.bind_host, settings.bind_port) as listener:
        settings = open_instance(overrides)
        started = _prepare(settings, demo=demo)

        from taskflow.bootstrap.web import serve
        from taskflow.bootstrap.worker import work

        wsgi: Any = load_interfaces().application
        load_use_cases()
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


def _prepare(settings: Settings, *, demo: bool) -> Started:
    from taskflow.bootstrap.first_run import create_administrator, create_first_link, ensure_demo
    from taskflow.bootstrap.migrations import migrate

    _, copy = migrate(settings)
    if copy is not None:
        print(f"The database was upgraded; a copy of the old one is {copy}", file=sys.stderr)
    create_administrator(settings)
    if demo:
        ensure_demo()
    link = create_first_link(settings)
    warning = ""
    if settings.is_bound_to_all and not settings.allowed_hosts and not settings.public_url:
        warning = "Others reach it by this machine's name alone; add further names to TASKFLOW_ALLOWED_HOSTS."
    return Started(url=link or f"{settings.base_url}/", signs_in=link is not None, warning=warning)


def _settle_before_fork() -> None:
    """One thread, no connection, and as much memory as can be shared with the children."""
    from django.db import connections

    connections.close_all()
    if threading.active_count() != 1 or _count_kernel_threads() != 1:
        raise RuntimeError(f"threads are running before the fork: {threading.enumerate()}")
    gc.collect()
    # Objects that the collector never looks at again keep their memory pages shared.
    gc.freeze()
    gc.enable()


def _count_kernel_threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else 1
