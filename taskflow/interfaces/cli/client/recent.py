"""What the shell completes: keys of the tasks shown last, and of projects. Kept in the user's cache folder.

Completion runs at every press of a key: it reads one small file, asks nobody, and says nothing when that fails.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from taskflow.interfaces.cli.client.folders import cache_folder, write_private

_MOST = 200
#: Completions become part of a shell's command line. Only what is a key to the letter may.
_TASK = re.compile(r"[A-Z][A-Z0-9]{1,9}-[0-9]{1,9}")
_PROJECT = re.compile(r"[A-Z][A-Z0-9]{1,9}")


def remember_tasks(tasks: Iterable[Mapping[str, Any]]) -> None:
    """Offer these tasks' keys from now on, before the ones shown earlier; finished tasks no longer."""
    with _quietly():
        stored = _read()
        known = dict.fromkeys(stored["tasks"])
        shown: dict[str, None] = {}
        for task in tasks:
            key = str(task["key"])
            known.pop(key, None)
            if task["status"] in {"todo", "in_progress"} and not task.get("deleted_at"):
                shown[key] = None
        keys = [key for key in [*shown, *known] if _TASK.fullmatch(key)][:_MOST]
        projects = sorted({*stored["projects"], *(key.rpartition("-")[0] for key in shown)})
        _write(keys, projects)


def remember_projects(keys: Iterable[str]) -> None:
    """Offer these projects and no others."""
    with _quietly():
        _write(_read()["tasks"], sorted(keys))


def forget_all() -> None:
    """Offer nothing more."""
    with _quietly():
        _file().unlink(missing_ok=True)


def complete_task(incomplete: str) -> list[str]:
    """Keys of tasks that begin with what was typed, as they were listed."""
    return _complete("tasks", _TASK, incomplete)


def complete_project(incomplete: str) -> list[str]:
    """Keys of projects that begin with what was typed."""
    return _complete("projects", _PROJECT, incomplete)


def _complete(kind: str, form: re.Pattern[str], incomplete: str) -> list[str]:
    with _quietly():
        return [key for key in _read()[kind] if key.startswith(incomplete.upper()) and form.fullmatch(key)]
    return []


def _quietly() -> contextlib.suppress:
    return contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError)


def _file() -> Path:
    return cache_folder() / "recent.json"


def _read() -> dict[str, list[str]]:
    try:
        stored = json.loads(_file().read_text(encoding="utf-8"))
        return {kind: [str(key) for key in stored[kind]] for kind in ("tasks", "projects")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"tasks": [], "projects": []}


def _write(tasks: list[str], projects: list[str]) -> None:
    write_private(_file(), {"tasks": tasks, "projects": [key for key in projects if _PROJECT.fullmatch(key)]})
