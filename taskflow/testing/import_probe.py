"""Run by its path in a fresh interpreter: imports a plugin's module and says what that cost and touched.

    python -P import_probe.py RESULT < REQUEST

The request is JSON: `module` and `path` (`sys.path`). The answer is JSON on the file descriptor RESULT. It imports
nothing of TaskFlow but the contract: what else is there afterwards came with the plugin.
"""

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


def main() -> None:
    """Answers one request."""
    request = json.load(sys.stdin)
    sys.path[:] = request["path"]
    importlib.import_module("taskflow.plugin_api")
    sockets = watch_sockets()
    known, began = set(sys.modules), time.process_time()
    answer: dict[str, Any] = {"error": ""}
    try:
        importlib.import_module(request["module"])
    except BaseException as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    answer |= {
        "seconds": time.process_time() - began,
        "sockets": sockets[:3],
        "foreign": sorted(name for name in set(sys.modules) - known if is_foreign(name)),
    }
    with os.fdopen(int(sys.argv[1]), "wb") as result:
        result.write(json.dumps(answer).encode())
    # A thread that the plugin left behind would keep the process.
    os._exit(0)


def watch_sockets() -> list[str]:
    """A list to which every socket that is made or used from now on in this process is added, with who did it."""
    seen: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith("socket.") and event != "socket.gethostname":
            frames = [frame for frame in traceback.extract_stack()[:-1] if "importlib" not in frame.filename][-3:]
            seen.append(f"{event} in " + " > ".join(f"{frame.filename}:{frame.lineno}" for frame in frames))

    sys.addaudithook(note)
    return seen


def is_foreign(name: str) -> bool:
    """Whether a module is one of TaskFlow's that no plugin may import."""
    return name.startswith("taskflow.") and not f"{name}.".startswith("taskflow.plugin_api.")


if __name__ == "__main__":
    main()
