"""Where an instance keeps its data when nobody says."""

import os
from pathlib import Path

_SOURCE = Path(__file__).resolve().parents[2]


def default_data_dir() -> Path:
    """`data` beside the source in a checkout, else `taskflow` in the user's data folder (XDG).

    It never depends on the working directory: `make up` and a later `taskflow user …` from anywhere must meet.
    """
    if (_SOURCE / "pyproject.toml").is_file():
        return _SOURCE / "data"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "taskflow"
