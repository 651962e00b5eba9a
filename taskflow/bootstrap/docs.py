"""Writes the pages of the documentation that are made from code; `--check` only tells whether they still agree.

python -m taskflow.bootstrap.docs [--check]
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer.main

from taskflow.bootstrap.hook_docs import NOTICE, write_hooks
from taskflow.bootstrap.main import build
from taskflow.config.loading import field_notes, published_fields
from taskflow.config.names import FILE_SUFFIX, PLUGIN_PREFIX, PREFIX

DOCS = Path(__file__).resolve().parents[2] / "docs"


def write_settings() -> str:
    """The page of settings."""
    lines = [
        "# Settings",
        "",
        NOTICE,
        "",
        "Environment variables set up an instance. Lists are separated by commas; an empty variable counts as absent. "
        f"A secret may stand in a file instead, named by the variable with `{FILE_SUFFIX}` at its end. A wrong value "
        "or an unknown `TASKFLOW_` name stops the start with one line that says what to mend. `taskflow config show` "
        "prints the values in effect.",
        "",
        "| variable | takes | default | what it does |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in published_fields().items():
        notes = field_notes(field)
        secret = f" (or `{PREFIX}{name}{FILE_SUFFIX}`)" if notes.get("secret") else ""
        cells = [f"`{PREFIX}{name}`{secret}", notes["takes"], _write_default(field, notes), field.description or ""]
        lines.append("| " + " | ".join(_escape(cell) for cell in cells) + " |")
    lines += [
        "",
        f"`{PREFIX}{PLUGIN_PREFIX}<SLUG>__<FIELD>` (or with `{FILE_SUFFIX}` at its end) sets a field of an installed "
        f"plugin, as `{PREFIX}{PLUGIN_PREFIX}LLM_OPENAI__MODEL`; `taskflow plugins show SLUG` names the fields. It "
        "wins over what administrators set, and they see it as fixed. Lists take commas, switches on or off.",
    ]
    return "\n".join(lines) + "\n"


def write_commands() -> str:
    """The page of commands."""
    lines = [
        "# Commands",
        "",
        NOTICE,
        "",
        "Exit code 0 means success, 1 failure (one line on standard error says why), 2 wrong usage. With `--json` a "
        "command prints one JSON document on standard output. Commands with `--data-dir` work on that folder or "
        "that of `TASKFLOW_DATA_DIR`, beside a running instance too; those with `--url` speak to an instance over its "
        "REST interface ([how](client.md)).",
    ]
    root: Any = typer.main.get_command(build())
    for path, command in _walk(root, ["taskflow"]):
        arguments = [_bracket(parameter) for parameter in command.params if parameter.param_type_name == "argument"]
        lines += ["", f"## `{' '.join([*path, *arguments])}`", "", command.help.strip()]
        rows = [
            f"| `{_write_option(parameter)}` | {parameter.help or ''} | {_write_value(parameter)} |"
            for parameter in command.params
            if parameter.name != "help"
        ]
        if rows:
            lines += ["", "| argument | what it does | default |", "| --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": write_settings,
    "cli.md": write_commands,
    "plugins/hooks.md": write_hooks,
}


def find_stale() -> list[str]:
    """The pages that do not agree with the code."""
    return [
        name
        for name, write in PAGES.items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != write()
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` look; the exit code."""
    if "--check" in arguments:
        stale = find_stale()
        for name in stale:
            print(f"docs/{name} does not agree with the code. Run: make docs", file=sys.stderr)
        return int(bool(stale))
    DOCS.mkdir(exist_ok=True)
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
    return 0


def _walk(command: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from _walk(child, [*path, name])
    else:
        yield path, command


def _escape(cell: str) -> str:
    """Text as it is in a Markdown table, except between backticks, where only the bar has a meaning."""
    parts = cell.replace("|", "\\|").split("`")
    parts[::2] = [re.sub(r"([*<])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _write_default(field: Any, notes: dict[str, Any]) -> str:
    if notes.get("shown"):
        return str(notes["shown"])
    if isinstance(field.default, bool):
        return "`on`" if field.default else "`off`"
    return "none" if field.default in (None, ()) else f"`{field.default}`"


def _bracket(parameter: Any) -> str:
    return str(parameter.name).upper() if parameter.required else f"[{str(parameter.name).upper()}]"


def _write_option(parameter: Any) -> str:
    return _bracket(parameter) if parameter.param_type_name == "argument" else str(parameter.opts[0])


def _write_value(parameter: Any) -> str:
    if parameter.required:
        return "required"
    return "" if parameter.default in (None, "", False) else f"`{parameter.default}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
