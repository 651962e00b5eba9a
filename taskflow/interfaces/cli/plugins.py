"""`taskflow plugins`: what is installed beside TaskFlow, whether it fits, and what is wanted of it.

None of these commands imports a plugin: what they show was written down by a process that did. `bootstrap` adds those
that install and remove plugins.
"""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskflow.interfaces.cli.output import DataDir, Failure, Json, Session

if TYPE_CHECKING:
    from taskflow.application.plugin_cards import Card
    from taskflow.plugin_host.fields import Field, Value

app = typer.Typer(no_args_is_help=True, help="See, set up and try plugins.")

Slug = Annotated[str, typer.Argument(help="The plugin's slug, as `plugins list` has it.")]


@app.callback()
def plugins() -> None:
    """See, set up and try plugins."""


@app.command("list")
def list_plugins(
    context: typer.Context,
    again: Annotated[bool, typer.Option("--again", help="Look again into those that failed.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List every installed plugin, how it is, and what is wrong with those that do not work."""
    session: Session = context.obj
    session.open(data_dir)

    # Only now: they need Django.
    from taskflow.application.plugin_cards import list_cards
    from taskflow.domain.permissions import SYSTEM

    cards = list_cards(SYSTEM, again=again)
    lines = [describe(card) for card in cards]
    session.show({"results": [write_document(card) for card in cards]}, lines or ["No plugin is installed."])


@app.command("show")
def show(context: typer.Context, slug: Slug, data_dir: DataDir = None, json: Json = False) -> None:
    """Show what a plugin says of itself, its settings, and the whole of its last error."""
    session: Session = context.obj
    session.open(data_dir)
    card = _find(slug)
    document = write_document(card) | {"schemas": card.plugin.schemas, "trace": card.plugin.trace}
    session.show(document, [describe(card), *_details(card)])


@app.command("enable")
def enable(context: typer.Context, slug: Slug, data_dir: DataDir = None, json: Json = False) -> None:
    """Let a plugin run; running processes follow within seconds."""
    _update(context, slug, data_dir, enabled=True)


@app.command("disable")
def disable(context: typer.Context, slug: Slug, data_dir: DataDir = None, json: Json = False) -> None:
    """Let a plugin run no more; its settings are kept."""
    _update(context, slug, data_dir, enabled=False)


@app.command("config")
def configure(
    context: typer.Context,
    slug: Slug,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FIELD=VALUE]...", help="Lists take commas; FIELD=- reads the value from standard input."
        ),
    ] = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="FIELD", help="Forget what was stored.")] = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Set fields of a plugin's settings, or show them; secrets are never shown."""
    session: Session = context.obj
    session.open(data_dir)
    card = _find(slug)
    if values or unset:
        from taskflow.application.plugin_setups import Wish, update_plugin
        from taskflow.domain.permissions import SYSTEM

        config = {**_parse(card, values or []), **dict.fromkeys(unset or [])}
        card = update_plugin(SYSTEM, slug, Wish(config=config))
    session.show(write_document(card), _settings(card) or ["It has no settings."])


@app.command("check")
def check(context: typer.Context, slug: Slug, data_dir: DataDir = None, json: Json = False) -> None:
    """Try a plugin with its present settings, enabled or not. Fails when it does not work."""
    session: Session = context.obj
    session.open(data_dir)

    from dataclasses import asdict

    from taskflow.application.plugin_setups import check_plugin
    from taskflow.domain.permissions import SYSTEM

    trial = check_plugin(SYSTEM, slug)
    if not trial.ok:
        raise Failure(f"{slug} does not work: {trial.error}", notes=[trial.next_step] if trial.next_step else [])
    told = [
        f"{slug} works.",
        *(f"{name}: {getattr(trial, name)}" for name in ("model", "sample") if getattr(trial, name)),
    ]
    if trial.tokens_per_second is not None:
        told.append(f"speed: {trial.tokens_per_second:.1f} tokens/s")
    session.show(asdict(trial), [*told, f"{trial.latency_ms:.0f} ms"] if trial.latency_ms is not None else told)


def _find(slug: str) -> "Card":
    from taskflow.application.plugin_cards import find_card
    from taskflow.domain.permissions import SYSTEM

    return find_card(SYSTEM, slug)


def _update(context: typer.Context, slug: str, data_dir: Any, *, enabled: bool) -> None:
    session: Session = context.obj
    session.open(data_dir)

    from taskflow.application.plugin_setups import Wish, update_plugin
    from taskflow.domain.permissions import SYSTEM

    card = update_plugin(SYSTEM, slug, Wish(enabled=enabled))
    session.show(write_document(card), [describe(card)])


def _parse(card: "Card", pairs: list[str]) -> dict[str, "Value"]:
    from taskflow.plugin_host.fields import parse_text

    fields: dict[str, Field] = {field.name: field for field in card.fields}
    config: dict[str, Value] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r}: write FIELD=VALUE.")
        if text == "-":
            text = sys.stdin.readline().rstrip("\n")
        if name not in fields:
            # The use case refuses it, with the names that there are.
            config[name] = text
            continue
        try:
            config[name] = parse_text(fields[name], text)
        except ValueError as error:
            raise Failure(f"{name}: {error}") from error
    return config


def describe(card: "Card") -> str:
    """A line: what it is, and how it is."""
    plugin = card.plugin
    named = f"{plugin.slug}  {plugin.distribution} {plugin.version}".rstrip()
    told = [named, f"{card.status.value}: {card.reason}" if card.reason else card.status.value]
    if card.kinds:
        told.append(f"{', '.join(card.kinds)}; network: {plugin.manifest['network']}")
    return "  ".join(told)


def _details(card: "Card") -> list[str]:
    manifest = card.plugin.manifest
    lines = [f"  {manifest[name]}" for name in ("name", "description", "homepage") if manifest.get(name)]
    if card.plugin.publisher:
        lines.append(f"  by {card.plugin.publisher}")
    lines += [f"  {line}" for line in _settings(card)]
    if card.last_failure is not None:
        lines.append(f"  last error ({card.last_failure.capability}): {card.last_failure.message}")
    return lines + [f"  {line}" for line in card.plugin.trace.splitlines()]


def _settings(card: "Card") -> list[str]:
    shown = card.effect.shown(card.fields)
    return [
        f"{field.name} = {_write(shown[field.name])}  ({card.effect.sources[field.name]}; {field.kind.value}"
        f"{', required' if field.required else ''})  {field.about}".rstrip()
        for field in card.fields
    ]


def _write(value: "Value") -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(value) if isinstance(value, list) else str(value)


def write_document(card: "Card") -> dict[str, Any]:
    """A plugin as `--json` has it."""
    plugin = card.plugin
    return {
        "slug": plugin.slug,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "publisher": plugin.publisher,
        "name": card.name,
        "kinds": card.kinds,
        "network": plugin.manifest.get("network"),
        "enabled": card.setup.enabled,
        "status": card.status.value,
        "reason": card.reason,
        "order": card.setup.order,
        "config": card.effect.shown(card.fields),
        "config_sources": dict(card.effect.sources),
    }
