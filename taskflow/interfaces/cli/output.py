"""How commands speak: text for people, one JSON document with `--json`, one line on standard error for a failure."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer


class Failure(Exception):
    """A command cannot do what was asked; the text is for the person who asked.

    `notes` are further lines on standard error, `document` further members of what `--json` prints.
    """

    def __init__(self, text: str, *, notes: Sequence[str] = (), document: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.notes = notes
        self.document = document or {}


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


def report_failure(error: Exception | str, *, as_json: bool) -> None:
    """One line on standard error and the error's notes; with `--json` also a document on standard output."""
    line = " ".join(str(error).split())
    notes, document = (error.notes, error.document) if isinstance(error, Failure) else ((), {})
    if as_json:
        print(json.dumps({"error": line, **document}), flush=True)
    print(line, *notes, sep="\n", file=sys.stderr, flush=True)


def _note_json(context: typer.Context, value: bool) -> bool:
    if value:
        context.find_root().obj.json = True
    return value


DataDir = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="The instance's data folder.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=_note_json)]
Command = Callable[..., None]
