"""How commands speak: text for people, one JSON document with `--json`, one line on standard error for a failure."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer


class Failure(Exception):
    """A command cannot do what was asked; the text is for the person who asked."""


class Opener(Protocol):
    """Loads settings (arguments over environment), sets Django up and joins the ports.

    With `prepared` it refuses an instance whose database is not there or has another schema, and writes nothing.
    """

    def __call__(
        self, overrides: Mapping[str, object] | None = None, *, create: bool = True, prepared: bool = False
    ) -> Any: ...


@dataclass
class Session:
    """One run of the command line."""

    open_instance: Opener
    json: bool = False

    def show(self, data: Any, lines: list[str]) -> None:
        """Print `data` as one JSON document with `--json`, else `lines`."""
        if self.json:
            print(json.dumps(data, default=str, ensure_ascii=False), flush=True)
        else:
            print("\n".join(lines), flush=True)

    def open(self, data_dir: Path | None) -> Any:
        """The instance that the command works on, which must be there already; returns its settings."""
        return self.open_instance(select_instance(data_dir), prepared=True)


def select_instance(data_dir: Path | None) -> dict[str, object]:
    """`--data-dir` as an override of the settings."""
    return {} if data_dir is None else {"data_dir": data_dir}


def report_failure(text: str, *, as_json: bool) -> None:
    """One line on standard error; with `--json` also a document on standard output."""
    line = " ".join(text.split())
    if as_json:
        print(json.dumps({"error": line}, ensure_ascii=False), flush=True)
    print(line, file=sys.stderr, flush=True)


def _note_json(context: typer.Context, value: bool) -> bool:
    if value:
        context.find_root().obj.json = True
    return value


DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="The instance's data folder.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=_note_json)]
Command = Callable[..., None]
