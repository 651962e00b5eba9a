"""From an environment to `Settings`, or to one line that says what is wrong."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from taskflow.config.errors import ConfigError
from taskflow.config.model import Settings
from taskflow.config.names import CLIENT, FILE_SUFFIX, LATER, PLUGIN_PREFIX, PREFIX, find_later, read_plugin_name


def published_fields() -> dict[str, FieldInfo]:
    """The fields that the environment can set, by upper-case name without the prefix."""
    return {name.upper(): field for name, field in Settings.model_fields.items() if not field.exclude}


def field_notes(field: FieldInfo) -> dict[str, Any]:
    """What `setting` attached to a field: `takes`, `secret`, `shown`."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def load_settings(env: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings from `env`; `overrides` (field name → value, from command-line arguments) win over it.

    An empty variable counts as absent. Raises ConfigError for an unknown name, a wrong value, an unreadable `_FILE`.
    """
    values: dict[str, Any] = {name.lower(): value for name, value in _read_environment(env).items()}
    values["plugin_values"] = _read_plugins(env)
    values.update(overrides or {})
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _explain(error) from None


def _read_environment(env: Mapping[str, str]) -> dict[str, str]:
    fields = published_fields()
    secrets = {name for name, field in fields.items() if field_notes(field).get("secret")}
    values: dict[str, str] = {}
    for variable in sorted(env):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        bare = name.removesuffix(FILE_SUFFIX)
        if name in CLIENT or read_plugin_name(bare) is not None:
            continue
        if name in fields:
            if env[variable].strip():
                values[name] = env[variable].strip()
        elif name != bare and bare in secrets:
            if env.get(PREFIX + bare, "").strip():
                raise ConfigError(variable, f"{PREFIX + bare} is set too", "Keep one of the two.")
            if env[variable].strip():
                values[bare] = _read_secret(variable, env[variable].strip())
        else:
            raise _refuse(name, fields, secrets)
    return values


def _read_plugins(env: Mapping[str, str]) -> dict[str, dict[str, SecretStr]]:
    values: dict[str, dict[str, SecretStr]] = {}
    for variable in sorted(env):
        name = variable.removeprefix(PREFIX)
        bare = name.removesuffix(FILE_SUFFIX)
        found = read_plugin_name(bare) if variable.startswith(PREFIX) else None
        text = env[variable].strip()
        if found is None or not text:
            continue
        if name != bare:
            if env.get(PREFIX + bare, "").strip():
                raise ConfigError(variable, f"{PREFIX + bare} is set too", "Keep one of the two.")
            text = _read_secret(variable, text)
        values.setdefault(found[0], {})[found[1]] = SecretStr(text)
    return values


def _read_secret(variable: str, path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(variable, f"cannot read {path} ({reason})", "It takes a readable file's path.") from None
    if not text:
        raise ConfigError(variable, f"{path} is empty", "It takes a file that holds the value.")
    return text


def _refuse(name: str, fields: Mapping[str, FieldInfo], secrets: set[str]) -> ConfigError:
    feature = find_later(name)
    if feature is not None:
        return ConfigError(PREFIX + name, f"this release does not have {feature}", "Remove the variable.")
    if name.startswith(PLUGIN_PREFIX):
        takes = (
            f"A plugin's setting is named {PREFIX}{PLUGIN_PREFIX}<SLUG>__<FIELD>, with two underscores between them."
        )
        return ConfigError(PREFIX + name, "no such setting", takes)
    known = [*fields, *LATER, *CLIENT, *(secret + FILE_SUFFIX for secret in secrets)]
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return ConfigError(PREFIX + name, "no such setting", f"The nearest known name is {PREFIX + nearest}.")


def _explain(error: ValidationError) -> ConfigError:
    """The first of the model's complaints. Only values that are no secret are repeated."""
    first = error.errors(include_url=False, include_context=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        subject, _, remedy = message.partition("|")
        name, _, problem = subject.partition(": ")
        return ConfigError(PREFIX + name, problem, remedy)
    name = str(first["loc"][0])
    if name in {"bind_host", "bind_port"}:
        return ConfigError(f"--{name.removeprefix('bind_')}", message, "A port is a number from 1 to 65535.")
    notes = field_notes(Settings.model_fields[name])
    problem = message if first["type"] == "value_error" else "the value is not valid"
    if first["type"] != "value_error" and not notes.get("secret"):
        problem = f'"{first["input"]}" is not valid'
    return ConfigError(PREFIX + name.upper(), problem, f"It takes {notes.get('takes')}.")
