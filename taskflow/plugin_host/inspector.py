"""Reads a plugin's manifest and schemas in a process of its own, which may hang, exit or die of what it imports."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from taskflow.plugin_host.discovery import Installed

#: Seconds that importing and describing a plugin may take.
DEADLINE = 10.0
#: Bytes of an answer; a schema of a hundred fields has about 50,000.
_LONGEST = 1_000_000
_LONGEST_TRACE = 4_000
#: What a plugin may know of the instance beside its own settings: nothing.
_PRIVATE = ("TASKFLOW_", "DJANGO_", "DATABASE_", "PG")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a plugin says of itself, or why it could not be asked."""

    #: `slug`, `name`, `description`, `kinds`, `network`, `uses`, `homepage`.
    manifest: dict[str, Any] = field(default_factory=dict)
    #: JSON schemas: `config`, and `user_config` or None.
    schemas: dict[str, Any] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    error: str = ""
    trace: str = ""
    #: It was understood and does not fit the contract, which no second try mends.
    refused: bool = False


def inspect(plugin: Installed, *, deadline: float = DEADLINE) -> Inspection:
    """Imports the plugin elsewhere and asks it; never raises for what the plugin does, and ends within `deadline`."""
    if plugin.refusal:
        return Inspection(error=plugin.refusal, refused=True)
    answer = _ask({"module": plugin.module, "slug": plugin.slug}, deadline)
    if "error" in answer:
        return Inspection(
            error=str(answer["error"])[:1_000],
            trace=str(answer.get("trace", "")),
            refused=answer.get("refused") is True,
        )
    return Inspection(answer["manifest"], answer["schemas"], tuple(answer["hooks"]))


def check_settings(plugin: Installed, values: dict[str, Any], *, deadline: float = DEADLINE) -> list[dict[str, str]]:
    """What is wrong with settings (`field`, `code`, `detail`), as the plugin's own model says; or nothing."""
    answer = _ask({"module": plugin.module, "slug": plugin.slug, "values": values}, deadline)
    if "error" in answer:
        return [{"field": "", "code": "load_error", "detail": str(answer["error"])[:1_000]}]
    return list(answer["values"])


def _ask(request: dict[str, Any], deadline: float) -> dict[str, Any]:
    # Files, not pipes: nobody has to read while the other writes.
    with tempfile.TemporaryFile() as result, tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            # -P: a file in the working directory is no module.
            [sys.executable, "-P", "-m", "taskflow.plugin_host.inspection", str(result.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=printed,
            pass_fds=(result.fileno(),),
            env=private_environment(),
            # What it starts is killed with it.
            start_new_session=True,
        )
        try:
            child.communicate(json.dumps(request).encode(), timeout=deadline)
        except subprocess.TimeoutExpired:
            return {"error": f"It did not load within {deadline:g} seconds."}
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        answer = _read(result)
        if answer is None:
            printed.seek(max(0, printed.seek(0, os.SEEK_END) - _LONGEST_TRACE))
            return {"error": describe_end(child.returncode), "trace": printed.read().decode(errors="replace")}
        return answer


def _read(result: Any) -> dict[str, Any] | None:
    """None where the process ended before it had answered."""
    result.seek(0)
    text = result.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        return {"error": f"Its description is larger than {_LONGEST // 1000} kB."}
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def private_environment() -> dict[str, str]:
    """The environment that a plugin's process gets: nothing of the instance's own, but the same modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    paths = [*os.environ.get("PYTHONPATH", "").split(os.pathsep), *sys.path]
    return kept | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(path for path in paths if path))}


def describe_end(code: int | None) -> str:
    """What ended a plugin's process, by its exit code; None where it only closed its end."""
    if code is None:
        return "It closed its connection."
    if code < 0:
        return f"Its process was ended by {signal.Signals(-code).name}."
    return f"It ended its process with exit code {code}, as os._exit does."
