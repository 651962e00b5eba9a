"""`taskflow plugins new`: writes a package that is a plugin already, with tests that pass."""

from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from taskflow.interfaces.cli.output import Failure, Json, Session


class PluginKind(StrEnum):
    """What `--kind` takes."""

    PROVIDER = "provider"
    PRIORITISER = "prioritiser"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class _Sort:
    """What a kind's template does, and what it needs beside the contract."""

    summary: str
    connects: bool


_SORTS = {
    PluginKind.PROVIDER: _Sort("A language model behind a server that speaks OpenAI's chat completions.", True),
    PluginKind.PRIORITISER: _Sort("Holds tasks for urgent that mention one of the given words.", False),
    PluginKind.CHANNEL: _Sort("Posts each message as JSON to an address.", True),
}


def new(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="The plugin's name among plugins: a-z, 0-9 and single _, 40 at most.")],
    kind: Annotated[PluginKind, typer.Option(help="What it is to be.")] = PluginKind.PRIORITISER,
    directory: Annotated[Path, typer.Option(help="The folder to make the package's folder in.")] = Path("."),
    json: Json = False,
) -> None:
    """Write a package that is a plugin already: code to change, and tests that pass. Needs no instance."""
    session: Session = context.obj
    _check_slug(slug)
    folder = directory / f"taskflow-{slug.replace('_', '-')}"
    if not directory.is_dir():
        raise Failure(f"There is no folder {directory}. Create it, or name another one.")
    files = render(slug, kind)
    try:
        folder.mkdir()
    except FileExistsError:
        raise Failure(f"{folder} is there already. Move it away, or take another slug.") from None
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    lines = [
        f"Wrote {folder}: {', '.join(files)}",
        f"Its tests: cd {folder} && pip install -e . pytest && python -m pytest, where TaskFlow is installed.",
        f"Beside an instance: taskflow plugins install {folder.resolve()}",
    ]
    session.show({"folder": folder, "slug": slug, "kind": kind, "files": list(files)}, lines)


def render(slug: str, kind: PluginKind) -> dict[str, str]:
    """The package's files: their texts by their paths."""
    sort = _SORTS[kind]
    module = f"taskflow_{slug}"
    dependencies = [*(["httpx>=0.28"] if sort.connects else []), "pluggy>=1.6", "pydantic>=2.12"]
    words = {
        "slug": slug,
        "module": module,
        "distribution": f"taskflow-{slug.replace('_', '-')}",
        "title": slug.replace("_", " ").capitalize(),
        "summary": sort.summary,
        "dependencies": ", ".join(f'"{requirement}"' for requirement in dependencies),
    }
    templates = {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"src/{module}/__init__.py": f"{kind}/plugin.py.txt",
        f"tests/test_{slug}.py": f"{kind}/test_plugin.py.txt",
    }
    folder = resources.files("taskflow.interfaces.cli") / "plugin_template"
    texts = {
        path: Template((folder / name).read_text(encoding="utf-8")).substitute(words)
        for path, name in templates.items()
    }
    # Its types are meant to be read by type checkers (PEP 561).
    return texts | {f"src/{module}/py.typed": ""}


def _check_slug(slug: str) -> None:
    from taskflow.plugin_host.discovery import is_slug

    if not is_slug(slug):
        raise Failure(
            f"{slug[:80]!r} is no slug: it begins with a-z and has a-z, 0-9 and single _ between them, 40 at most; "
            "for instance my_channel."
        )
    if slug == "server":
        raise Failure("taskflow-server is TaskFlow itself. Take another slug.")
