"""`taskflow plugins`: what is installed beside TaskFlow, and whether it fits. `bootstrap` adds what installs them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskflow.interfaces.cli.output import DataDir, Json, Session

if TYPE_CHECKING:
    from taskflow.store.models import Plugin

app = typer.Typer(no_args_is_help=True, help="Look after plugins.")


@app.callback()
def plugins() -> None:
    """Look after plugins."""


@app.command("list")
def list_plugins(
    context: typer.Context,
    again: Annotated[bool, typer.Option("--again", help="Ask those again that could not be loaded.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List every installed plugin, and what is wrong with those that do not load."""
    session: Session = context.obj
    session.open(data_dir)

    # Only now: they need Django.
    from taskflow.application.plugins import refresh

    found = refresh(again=again)
    lines = [describe(plugin) for plugin in found]
    session.show({"results": [write_document(plugin) for plugin in found]}, lines or ["No plugin is installed."])


@app.command("show")
def show(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="The plugin's slug, as `plugins list` has it.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show what a plugin says of itself, its settings, and the whole of its error."""
    session: Session = context.obj
    session.open(data_dir)

    from taskflow.application.plugins import find_plugins, refresh

    refresh()
    found = find_plugins(slug)
    lines = [line for plugin in found for line in (describe(plugin), *_details(plugin))]
    details = [write_document(plugin) | {"schemas": plugin.schemas, "trace": plugin.trace} for plugin in found]
    session.show({"results": details}, lines)


def describe(plugin: "Plugin") -> str:
    """A line: what it is and whether it is usable, or why not."""
    from taskflow.application.plugins import describe_state

    named = f"{plugin.slug}  {plugin.distribution} {plugin.version}".rstrip()
    state = describe_state(plugin)
    if state == "usable":
        return f"{named}  {', '.join(plugin.manifest['kinds'])}; network: {plugin.manifest['network']}"
    return f"{named}  {state}: {plugin.error or 'its distribution was uninstalled.'}"


def _details(plugin: "Plugin") -> list[str]:
    lines = [f"  {plugin.manifest[name]}" for name in ("name", "description", "homepage") if plugin.manifest.get(name)]
    if plugin.publisher:
        lines.append(f"  by {plugin.publisher}")
    fields: dict[str, Any] = (plugin.schemas.get("config") or {}).get("properties", {})
    lines += [f"  {name}: {_shape(field)}" for name, field in fields.items()]
    return lines + [f"  {line}" for line in plugin.trace.splitlines()]


def _shape(field: dict[str, Any]) -> str:
    parts = [str(field.get("type", "text"))]
    if "default" in field:
        parts.append(f"default {field['default']!r}")
    if field.get("description"):
        parts.append(str(field["description"]))
    return ", ".join(parts)


def write_document(plugin: "Plugin") -> dict[str, Any]:
    """A plugin as `--json` has it."""
    from taskflow.application.plugins import describe_state

    return {
        "slug": plugin.slug,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "publisher": plugin.publisher,
        "name": plugin.manifest.get("name", ""),
        "kinds": plugin.manifest.get("kinds", []),
        "network": plugin.manifest.get("network"),
        "state": describe_state(plugin),
        "reason": plugin.error,
    }
