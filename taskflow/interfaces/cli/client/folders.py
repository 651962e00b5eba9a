"""Where the client commands keep their files, and how they write them: whole, and for their owner's eyes alone."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def config_folder() -> Path:
    """The user's folder for settings of programs (XDG, or what stands for it here)."""
    return _folder("XDG_CONFIG_HOME", "APPDATA", "Library/Application Support", ".config")


def cache_folder() -> Path:
    """The user's folder for what can be thrown away at any time."""
    return _folder("XDG_CACHE_HOME", "LOCALAPPDATA", "Library/Caches", ".cache")


def write_private(path: Path, data: Mapping[str, Any]) -> None:
    """Put `data` as JSON in place of `path` in one step, readable by its owner alone."""
    # Imported here: help must be quick.
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes the file with mode 0600: there is no moment in which somebody else could open it.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _folder(xdg: str, windows: str, mac: str, other: str) -> Path:
    # The specification has relative paths ignored.
    named = os.environ.get(xdg, "")
    if os.path.isabs(named):
        return Path(named) / "taskflow"
    if sys.platform == "win32" and os.environ.get(windows):
        return Path(os.environ[windows]) / "taskflow"
    return Path.home() / (mac if sys.platform == "darwin" else other) / "taskflow"
