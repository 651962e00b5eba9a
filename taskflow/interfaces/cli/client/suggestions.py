"""`taskflow suggest`."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskflow.interfaces.cli.client.recent import complete_task
from taskflow.interfaces.cli.client.screen import Url, is_conversation, open_console, print_document, read_url
from taskflow.interfaces.cli.client.tasks import missing_task, task_path
from taskflow.interfaces.cli.output import Failure, Json, Session

if TYPE_CHECKING:
    from taskflow.interfaces.cli.client.connection import Answer, Connection

LEVELS = ("none", "low", "medium", "high", "urgent")
#: Seconds that one request waits for advice, and that the command waits altogether.
_WAIT, _PATIENCE = 10, 30
_CHOICES = {"a": "accept", "d": "dismiss", "n": "none", "l": "low", "m": "medium", "h": "high", "u": "urgent", "": ""}


def suggest(
    context: typer.Context,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The key of a task, like HOME-12.", autocompletion=complete_task)
    ],
    accept: Annotated[bool, typer.Option("--accept", help="Take the suggested priority.")] = False,
    override: Annotated[
        str | None,
        typer.Option(metavar="LEVEL", help="Set another: none, low, medium, high, urgent.", show_default=False),
    ] = None,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="Set the suggestion aside.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Suggest a task's priority, with reasons, and decide on it if you like."""
    from taskflow.interfaces.cli.client.connection import connect

    session: Session = context.obj
    decision = _read_decision(accept, override, dismiss)
    with connect(read_url(url)) as connection:
        answer = _ask_for_advice(connection, key)
        if not session.json:
            from taskflow.interfaces.cli.client.tables import print_suggestion

            print_suggestion(open_console(), answer.data)
            if decision is None and answer.data["state"] == "pending" and is_conversation(session):
                decision = _ask_for_decision()
        if decision is not None:
            if answer.data["state"] not in {"pending", "accepted"}:
                raise Failure(f"There is nothing to decide on: the suggestion is {answer.data['state']}.")
            answer = _decide(connection, answer.data["id"], decision)
    if session.json:
        print_document(answer)
    elif decision is not None:
        final = answer.data["final_priority"]
        print(f"{answer.data['state'].capitalize()}{f': the priority is {final}' if final else ''}.", flush=True)


def _read_decision(accept: bool, override: str | None, dismiss: bool) -> str | None:
    """`accept`, `dismiss` or a level; None when nothing was decided."""
    given = [
        name for name, there in (("accept", accept), (override, override is not None), ("dismiss", dismiss)) if there
    ]
    if len(given) > 1:
        raise typer.BadParameter("they exclude each other.", param_hint="--accept, --override, --dismiss")
    if override is not None and override not in LEVELS:
        raise typer.BadParameter(f"{override!r} is none of {', '.join(LEVELS)}.", param_hint="--override")
    return given[0] if given else None


def _ask_for_advice(connection: "Connection", key: str) -> "Answer":
    """The finished suggestion; `Failure` when no worker gets round to it in time."""
    deadline = time.monotonic() + _PATIENCE
    answer = connection.post(f"{task_path(key)}/priority-suggestions", missing=missing_task(key), wait=_WAIT)
    while answer.data["state"] == "queued":
        if time.monotonic() > deadline:
            raise Failure(f"No suggestion in {_PATIENCE} seconds. Is a worker running? It will be there later.")
        time.sleep(0.5)
        answer = connection.get(f"priority-suggestions/{answer.data['id']}")
    if answer.data["suggested_priority"] is None:
        raise Failure(f"The suggestion is {answer.data['state']}: the task changed meanwhile. Ask again.")
    return answer


def _ask_for_decision() -> str | None:
    """What the person at the terminal decides; None for nothing."""
    question = "[a]ccept, [d]ismiss, [n]one [l]ow [m]edium [h]igh [u]rgent, Enter leaves it open"
    while True:
        given: Any = typer.prompt(question, default="", show_default=False, err=True)
        word = str(given).strip().lower()
        choice = _CHOICES.get(word[:1])
        if choice is not None and choice.startswith(word):
            return choice or None
        typer.echo(f"{word!r} is none of these.", err=True)


def _decide(connection: "Connection", suggestion: str, decision: str) -> "Answer":
    path = f"priority-suggestions/{suggestion}"
    if decision in {"accept", "dismiss"}:
        return connection.post(f"{path}/{decision}")
    return connection.post(f"{path}/override", {"priority": decision})
