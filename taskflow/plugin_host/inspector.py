"""Reads a plugin's manifest and schemas in a process of its own, which may hang, exit or die of what it imports."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from taskflow.plugin_api.manifest import Manifest
from taskflow.plugin_host.discovery import Installed
from taskflow.plugin_host.fields import read_fields
from taskflow.plugin_host.inspection import describe
from taskflow.plugin_host.redaction import Redactor, clean, clean_text

#: Seconds that importing and describing a plugin may take.
DEADLINE = 10.0
#: Bytes of an answer; a schema of a hundred fields has about 50,000.
_LONGEST = 1_000_000
_LONGEST_TRACE = 4_000
_NOT_OURS = "It wrote an answer of its own in place of the inspector's, and one that does not fit the contract."
#: A manifest checks the settings that it names against its own model, which is not here.
_NOT_NAMED = {"engine": "", "addresses": []}
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
    return _read_description(answer, plugin.slug)


def _read_description(answer: Mapping[str, Any], slug: str) -> Inspection:
    """The answer, taken for nothing more than what a process says that anybody's code ran in."""
    try:
        schemas = {name: dict(answer["schemas"][name] or {}) or None for name in ("config", "user_config")}
        named = _read_named(answer["manifest"], schemas["config"])
        manifest = Manifest.model_validate({**answer["manifest"], **_NOT_NAMED})
        for schema in schemas.values():
            read_fields(schema or {})
        hooks = tuple(str(name)[:80] for name in answer["hooks"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return Inspection(error=_NOT_OURS)
    if manifest.slug != slug:
        return Inspection(error=_NOT_OURS)
    return Inspection(describe(manifest) | named, schemas, hooks)


def _read_named(said: Mapping[str, Any], schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings that a manifest names. The model that they belong to stayed in the other process: here is its
    schema. `ValueError` for one that is not in it."""
    named = {"engine": str(said.get("engine", "")), "addresses": sorted(map(str, said.get("addresses", ())))}
    if not {named["engine"], *named["addresses"]} <= {"", *(schema or {}).get("properties", {})}:
        raise ValueError("it names a setting that it does not have")
    return named


def check_settings(plugin: Installed, values: dict[str, Any], *, deadline: float = DEADLINE) -> list[dict[str, str]]:
    """What is wrong with settings (`field`, `code`, `detail`), as the plugin's own model says; or nothing."""
    answer = _ask({"module": plugin.module, "slug": plugin.slug, "values": values}, deadline)
    if "error" in answer:
        return [{"field": "", "code": "load_error", "detail": str(answer["error"])[:1_000]}]
    try:
        return [{name: str(found[name])[:300] for name in ("field", "code", "detail")} for found in answer["values"]]
    except (LookupError, TypeError):
        return [{"field": "", "code": "load_error", "detail": _NOT_OURS}]


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
            return {
                "error": describe_end(child.returncode),
                "trace": clean_text(printed.read().decode(errors="replace")),
            }
        return answer


def _read(result: Any) -> dict[str, Any] | None:
    """None where the process ended before it had answered."""
    result.seek(0)
    text = result.read(_LONGEST + 1)
    if len(text) > _LONGEST:
        return {"error": f"Its description is larger than {_LONGEST // 1000} kB."}
    try:
        answer = clean(json.loads(text, parse_constant=_refuse_constant), Redactor(()))
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


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
        return f"Its process was ended by {_name_signal(-code)}."
    return f"It ended its process with exit code {code}, as os._exit does."


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Those for real time have no names.
        return f"signal {number}"
