"""Installs and uninstalls distributions in the running interpreter's environment, never at the core's expense.

An installer is run as a child: pip where the environment has it, as one made by `python -m venv` does, else uv, whose
own environments come without pip. It is told to keep every library of the core at the version that is installed, so a
plugin that wants another is refused before anything is changed. What is installed is not imported.
"""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from taskflow.infrastructure.distributions import list_constraints, take_stock, was_requested

#: Lines of an installer's output that are kept of a failure: the conflict, and what it says of it.
_LINES_KEPT = 20
#: A distribution may run code of its own to be built. The instance's secrets are none of its business.
_PRIVATE = ("TASKFLOW_", "DJANGO_", "DATABASE_", "PG")


class InstallerFailed(Exception):
    """The installer gave up; `output` is the end of what it said."""

    def __init__(self, message: str, output: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True, slots=True)
class Installation:
    """What came of an installation; normalised names of distributions."""

    #: Those that were not there before, or whose files are others now.
    changed: tuple[str, ...]
    #: Those that were asked for themselves, not for another's sake, whether or not they were there already.
    requested: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Installer:
    install: tuple[str, ...]
    uninstall: tuple[str, ...]


def install(
    requirements: Sequence[str], *, index: bool = True, find_links: str | None = None, upgrade: bool = False
) -> Installation:
    """Installs what `requirements` name (names with versions, paths, addresses) and what they need.

    Without `index` only `find_links`, a folder or the address of a page, is searched. `InstallerFailed` where something
    is not found or needs another version of one of the core's libraries; nothing was changed then. `NotInstalled`.
    """
    before = take_stock()
    with _write_constraints() as constraints:
        options = ["--constraint", str(constraints)]
        options += [] if index else ["--no-index"]
        options += ["--find-links", find_links] if find_links else []
        options += ["--upgrade"] if upgrade else []
        _run([*_find_installer().install, *options, "--", *requirements], "Nothing was installed")
    after = take_stock()
    changed = {name for name, state in after.items() if before.get(name) != state}
    requested = {name for name in changed if was_requested(name)}
    requested |= {name for name in map(_read_name, requirements) if name in after}
    return Installation(tuple(sorted(changed)), tuple(sorted(requested)))


def uninstall(distribution: str) -> None:
    """Removes one distribution; what it needed stays. `InstallerFailed`, also where it lies outside the environment."""
    _run([*_find_installer().uninstall, "--", distribution], f"{distribution} was not removed")
    if canonicalize_name(distribution) in take_stock():
        raise InstallerFailed(f"{distribution} was not removed: it lies outside of {sys.prefix}.")


@contextmanager
def _write_constraints() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="taskflow-") as folder:
        # uv shows the name where a version is in the way.
        path = Path(folder) / "versions-of-taskflow.txt"
        path.write_text("\n".join(list_constraints()) + "\n", encoding="utf-8")
        yield path


def _find_installer() -> _Installer:
    if importlib.util.find_spec("pip") is not None:
        # -P: a folder named pip where the command was given is not the installer.
        pip = (sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--no-input")
        return _Installer((*pip, "install", "--progress-bar", "off"), (*pip, "uninstall", "--yes"))
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv is None:
        raise InstallerFailed(f"{sys.prefix} has neither pip nor uv. Add one: {sys.executable} -m ensurepip")
    here = ("--python", sys.executable)
    return _Installer((uv, "pip", "install", "--no-progress", *here), (uv, "pip", "uninstall", *here))


def _run(command: list[str], failure: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    done = subprocess.run(  # noqa: S603 - the environment's own installer; what people named follows "--"
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    importlib.invalidate_caches()
    if done.returncode:
        lines = [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
        raise InstallerFailed(f"{failure}; the installer says:", tuple(lines[-_LINES_KEPT:]))


def _read_name(requirement: str) -> str:
    """Empty for a path or an address, which say no name."""
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return ""
