"""What happens once before an instance serves, in a process of its own.

Migrations and the demonstration leave tens of megabytes behind, which every process forked later would carry along;
and the server that is about to fork must have opened no database. Meanwhile the caller imports the rest.
"""

import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import NoReturn

from taskflow.bootstrap.children import Lifeline
from taskflow.config import Settings


@dataclass(frozen=True)
class Started:
    """What is told when the instance answers. `url` leads to the pages, or signs the first person in."""

    url: str
    signs_in: bool
    warning: str = ""


class Preparation:
    """Migrates, makes the first administrator, loads the demonstration."""

    def __init__(self, settings: Settings, *, demo: bool) -> None:
        """Begin. In the child this raises what went wrong, as if the command had done it itself."""
        self._lifeline = Lifeline()
        self._read, write = os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._read)
            self._lifeline.follow(parent, "prepare")
            _tell(write, _prepare(settings, demo=demo))
        os.close(write)

    def finish(self) -> Started:
        """Wait for the end. SystemExit with the child's exit code when it failed; it has said why."""
        with os.fdopen(self._read, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(self._pid, 0)
        self._lifeline.close()
        if status or not said:
            raise SystemExit(max(1, os.waitstatus_to_exitcode(status)))
        return Started(**json.loads(said))


def _tell(descriptor: int, started: Started) -> NoReturn:
    with os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
        pipe.write(json.dumps(asdict(started)))
    sys.stderr.flush()
    os._exit(0)


def _prepare(settings: Settings, *, demo: bool) -> Started:
    from taskflow.bootstrap.first_run import create_administrator, create_first_link, ensure_demo, require_plugins
    from taskflow.bootstrap.migrations import migrate

    _, copy = migrate(settings)
    if copy is not None:
        print(f"The database was upgraded; a copy of the old one is {copy}", file=sys.stderr)
    create_administrator(settings)
    if settings.strict_plugins:
        require_plugins()
    if demo:
        ensure_demo()
    link = create_first_link(settings)
    warning = ""
    if settings.is_bound_to_all and not settings.allowed_hosts and not settings.public_url:
        warning = "Others reach it by this machine's name alone; add further names to TASKFLOW_ALLOWED_HOSTS."
    return Started(url=link or f"{settings.base_url}/", signs_in=link is not None, warning=warning)
