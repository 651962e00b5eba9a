"""`taskflow config`: what the instance's settings are."""

import os
from typing import Any

import typer

from taskflow.interfaces.cli.output import DataDir, Json, Session, select_instance

app = typer.Typer(no_args_is_help=True, help="Look at the settings.")


@app.callback()
def configure() -> None:
    """Look at the settings."""


@app.command("show")
def show(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """Print every setting, its value and where the value comes from; secrets are masked."""
    from taskflow.config import load_settings
    from taskflow.config.loading import field_notes, published_fields
    from taskflow.config.names import FILE_SUFFIX, PREFIX

    session: Session = context.obj
    overrides = select_instance(data_dir)
    settings = load_settings(os.environ, overrides)
    rows: list[dict[str, Any]] = []
    for name, field in published_fields().items():
        value = getattr(settings, name.lower())
        secret = bool(field_notes(field).get("secret"))
        if name.lower() in overrides:
            source = "argument"
        elif os.environ.get(PREFIX + name, "").strip():
            source = "environment"
        elif os.environ.get(PREFIX + name + FILE_SUFFIX, "").strip():
            source = "file"
        else:
            source = "default"
        rows.append({"name": PREFIX + name, "value": _present(value, secret=secret), "source": source})
    width = max(len(row["name"]) for row in rows)
    lines = [f"{row['name']:<{width}}  {_write(row['value'])}  ({row['source']})" for row in rows]
    session.show({"settings": rows}, lines)


def _present(value: Any, *, secret: bool) -> Any:
    if value is None or value == ():
        return None
    if secret:
        return "***"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return [str(part) for part in value]
    return str(value)


def _write(value: Any) -> str:
    if value is None:
        return "-"
    return ",".join(value) if isinstance(value, list) else str(value)
