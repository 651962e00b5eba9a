"""The commands of `taskflow plugins` that run an installer; interfaces, where the others are, know none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from taskflow.interfaces.cli.output import DataDir, Failure, Json, Session
from taskflow.interfaces.cli.plugin_new import new
from taskflow.interfaces.cli.plugins import app, describe, write_document

__all__ = ["app"]

if TYPE_CHECKING:
    from taskflow.application.plugin_cards import Card
    from taskflow.infrastructure.packages import Installation, InstallerFailed


@app.command("install")
def install(
    context: typer.Context,
    requirements: Annotated[
        list[str], typer.Argument(help="Names as pip takes them, with versions or without; paths of wheels or folders.")
    ],
    no_index: Annotated[bool, typer.Option("--no-index", help="Search no package index.")] = False,
    find_links: Annotated[
        str | None, typer.Option(help="A folder of wheels, or a page that links to some.", show_default=False)
    ] = None,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Take newer versions of what is there already.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Install plugins beside TaskFlow, whose own libraries keep their versions; nothing of them is run here."""
    session: Session = context.obj
    session.open(data_dir)

    from taskflow.application.plugin_cards import Status, list_cards
    from taskflow.domain.permissions import SYSTEM
    from taskflow.infrastructure.packages import InstallerFailed
    from taskflow.infrastructure.packages import install as run_installer

    try:
        done = run_installer(requirements, index=not no_index, find_links=find_links, upgrade=upgrade)
    except InstallerFailed as failed:
        raise _explain(failed) from None
    session.show(*_report(done, [card for card in list_cards(SYSTEM) if card.status is not Status.MISSING]))


@app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A plugin's slug, or the name of its distribution.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Uninstall a plugin, also one that does not load, and forget its settings. What it needed stays installed."""
    session: Session = context.obj
    session.open(data_dir)

    from taskflow.application.plugin_setups import forget_plugin
    from taskflow.domain.permissions import SYSTEM
    from taskflow.infrastructure.packages import InstallerFailed, uninstall

    chosen = _choose(name)
    if not yes:
        typer.confirm(
            f"Uninstall {chosen.distribution} {chosen.version} ({', '.join(chosen.slugs)})?", abort=True, err=True
        )
    try:
        uninstall(chosen.distribution)
    except InstallerFailed as failed:
        raise _explain(failed) from None
    for slug in chosen.slugs:
        forget_plugin(SYSTEM, slug)
    session.show(
        {"distribution": chosen.distribution, "version": chosen.version, "slugs": chosen.slugs},
        [f"Removed {chosen.distribution} {chosen.version}."],
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    distribution: str
    version: str
    slugs: tuple[str, ...]


def _choose(name: str) -> _Chosen:
    """The distribution with the plugin of this slug; else the one of this name, if it has plugins. `Failure`."""
    from taskflow.plugin_host.discovery import find_installed, normalise

    installed = find_installed()
    by_slug = {plugin.distribution for plugin in installed if plugin.slug == name}
    if len(by_slug) > 1:
        raise Failure(f"{' and '.join(sorted(by_slug))} both claim {name!r}. Name one of them.")
    meant = by_slug.pop() if by_slug else name
    plugins = [plugin for plugin in installed if normalise(plugin.distribution) == normalise(meant)]
    if not plugins:
        raise Failure(_explain_absence(name))
    return _Chosen(plugins[0].distribution, plugins[0].version, tuple(plugin.slug for plugin in plugins))


def _explain_absence(name: str) -> str:
    from taskflow.infrastructure.distributions import CORE, take_stock
    from taskflow.plugin_host.discovery import normalise

    if normalise(name) == CORE:
        return f"{CORE} is TaskFlow itself."
    if normalise(name) in take_stock():
        return f"{name} brings no plugin; pip uninstalls it."
    return f"No plugin {name[:80]!r} is installed. `taskflow plugins list` names those that are."


def _report(done: "Installation", cards: "list[Card]") -> tuple[dict[str, object], list[str]]:
    """What came of an installation, as a document and in lines."""
    from taskflow.infrastructure.distributions import find_unmet
    from taskflow.plugin_host.discovery import normalise

    found = [card for card in cards if normalise(card.plugin.distribution) in {*done.changed, *done.requested}]
    bare = sorted(set(done.requested) - {normalise(card.plugin.distribution) for card in found})
    # Two plugins may want different versions of a library that is not the core's; the last one got its own.
    names = sorted({card.plugin.distribution for card in cards})
    unmet = {name: missed for name in names if (missed := find_unmet(name))}
    lines = [describe(card) for card in found]
    lines += [f"{name} brings no plugin: it has no entry point that TaskFlow knows." for name in bare]
    lines += [] if done.changed else ["Nothing was changed: all of it was there already."]
    lines += [f"{name} may not work any more: {', '.join(missed)}." for name, missed in unmet.items()]
    results = [write_document(card) for card in found]
    return {"changed": done.changed, "results": results, "without_plugin": bare, "unmet": unmet}, lines


def _explain(failed: "InstallerFailed") -> Failure:
    return Failure(str(failed), notes=failed.output, document={"output": failed.output})


app.command("new")(new)
