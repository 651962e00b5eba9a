"""How the client commands write to a terminal, a pipe or a file."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskflow.interfaces.cli.output import Session

if TYPE_CHECKING:
    from rich.console import Console

    from taskflow.interfaces.cli.client.connection import Answer

#: Columns where nobody looks at the width: nothing is cut in a pipe.
_UNBOUNDED = 100_000

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The instance, where you are logged in to several.", show_default=False),
]


def open_console() -> "Console":
    """Standard output: as wide as the terminal, coloured where it is one and NO_COLOR is not set."""
    from rich.console import Console

    stream: Any = sys.stdout
    if hasattr(stream, "reconfigure"):
        # A terminal without Unicode shows question marks rather than a traceback.
        stream.reconfigure(errors="replace")
    width = None if stream.isatty() else _UNBOUNDED
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_document(answer: "Answer") -> None:
    """The API's document, to the letter."""
    sys.stdout.write(answer.text.rstrip("\n") + "\n")
    sys.stdout.flush()


def is_conversation(session: Session) -> bool:
    """Whether somebody sits there who can be asked something."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not session.json


def read_url(text: str | None) -> str | None:
    """`--url` as an address; wrong usage where it is none."""
    from taskflow.interfaces.cli.client.addresses import read_address

    try:
        return None if text is None else read_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from None
