"""The inspector's child process: imports one plugin and says what it is. `inspector.py` starts it and may kill it.

    python -m taskflow.plugin_host.inspection RESULT < REQUEST

The request is JSON on standard input: `module`, `slug`, and `values` where settings are to be checked. The answer is
JSON written to the file descriptor RESULT, so that what a plugin prints is in nobody's way.
"""

import importlib
import json
import os
import sys
import traceback
from types import ModuleType
from typing import Any

import pluggy
from pydantic import SecretStr, ValidationError

from taskflow.plugin_api import hooks
from taskflow.plugin_api.manifest import Manifest, PluginConfig
from taskflow.plugin_host.fields import UnknownField, read_fields

_LONGEST_TRACE = 8_000
#: Bytes of one file.
_MOST_WRITTEN = 64_000_000


def main() -> None:
    """Answers one request, and ends without waiting for whatever the plugin may have started."""
    descriptor = int(sys.argv[1])
    request = json.load(sys.stdin)
    _limit_files()
    answer = _write(respond(request))
    with os.fdopen(descriptor, "wb") as result:
        result.write(answer)
    # A thread that the plugin left behind would keep the process.
    os._exit(0)


def _limit_files() -> None:
    """What it prints or writes at import ends before the disk is full."""
    if sys.platform != "win32":
        import resource

        _, hardest = resource.getrlimit(resource.RLIMIT_FSIZE)
        most = _MOST_WRITTEN if hardest == resource.RLIM_INFINITY else min(_MOST_WRITTEN, hardest)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hardest))


def _write(answer: dict[str, Any]) -> bytes:
    try:
        return json.dumps(answer, allow_nan=False).encode()
    except ValueError:
        error = "A default in its settings is NaN or infinite, which JSON cannot say. Use None in its place."
        return json.dumps({"error": error, "trace": "", "refused": True}).encode()


def respond(request: dict[str, Any]) -> dict[str, Any]:
    """The plugin's description, or `error` with what is wrong and where."""
    try:
        # SystemExit and KeyboardInterrupt too: a plugin that ends the process at import is described, not obeyed.
        module = importlib.import_module(request["module"])
    except BaseException as error:
        return _failure(f"Importing {request['module']} raised {_named(error)}.", error)
    try:
        manifest = _read_manifest(module, request["slug"])
        found = _read_hooks(module)
        if "values" in request:
            return {"values": check_values(manifest.config, request["values"])}
        return {"manifest": describe(manifest), "schemas": _read_schemas(manifest), "hooks": found}
    except Refused as refused:
        return {"error": str(refused), "trace": "", "refused": True}
    except Exception as error:
        return _failure(f"Describing it raised {_named(error)}.", error)


class Refused(Exception):
    """It is no plugin as the contract wants it; the message says what is missing."""


def describe(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON, without its models."""
    return {
        "slug": manifest.slug,
        "name": manifest.name,
        "description": manifest.description,
        "kinds": sorted(kind.value for kind in manifest.kinds),
        "network": manifest.network.value,
        "uses": sorted(manifest.uses),
        "engine": manifest.engine,
        "addresses": sorted(manifest.addresses),
        "homepage": manifest.homepage,
    }


def check_values(model: type[PluginConfig], values: dict[str, Any]) -> list[dict[str, str]]:
    """What is wrong with settings, by field; empty when nothing is. No message repeats a value of a secret field."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        secret = {name for name, field in model.model_fields.items() if _is_secret(field.annotation)}
        return [_problem(dict(problem), secret) for problem in error.errors(include_url=False, include_context=False)]
    return []


def _problem(problem: dict[str, Any], secret: set[str]) -> dict[str, str]:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    detail = "It is not valid." if field in secret and problem["type"] == "value_error" else str(problem["msg"])
    return {"field": field, "code": str(problem["type"]), "detail": detail[:300]}


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


def _read_manifest(module: ModuleType, slug: str) -> Manifest:
    manifest = getattr(module, "manifest", None)
    if not isinstance(manifest, Manifest):
        held = "none" if manifest is None else f"a {type(manifest).__name__}"
        raise Refused(f"{module.__name__}.manifest must be a taskflow.plugin_api.Manifest; there is {held}.")
    if manifest.slug != slug:
        raise Refused(f"Its manifest says slug {manifest.slug!r}, its entry point {slug!r}. Give both the same name.")
    return manifest


def _read_schemas(manifest: Manifest) -> dict[str, Any]:
    schemas = manifest.schemas()
    for name, schema in schemas.items():
        try:
            read_fields(schema or {})
        except UnknownField as error:
            raise Refused(f"A field of its {name} does not fit the contract. {error}") from error
    return schemas


def _read_hooks(module: ModuleType) -> list[str]:
    """The hooks that the module implements; `Refused` for one with parameters that it does not get."""
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise Refused(f"A hook does not fit the contract: {' '.join(lines)[:500]}") from error
    found = [caller.name for caller in manager.get_hookcallers(module) or ()]
    if not found:
        raise Refused("It implements no hook. Mark its functions with @hookimpl.")
    return sorted(found)


def _named(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def _failure(message: str, error: BaseException) -> dict[str, Any]:
    return {"error": message, "trace": "".join(traceback.format_exception(error))[-_LONGEST_TRACE:]}


if __name__ == "__main__":
    main()
