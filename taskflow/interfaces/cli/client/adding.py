"""`taskflow add`."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskflow.interfaces.cli.client.plain_text import plain
from taskflow.interfaces.cli.client.screen import Url, open_console, print_document, read_url
from taskflow.interfaces.cli.client.tasks import Project, reader_now
from taskflow.interfaces.cli.output import Json, Session

if TYPE_CHECKING:
    from rich.console import Console

#: Colours of what quick add recognised.
_KINDS = {"due": "green", "recurrence": "green", "priority": "red", "project": "magenta"}
#: What is said of names that quick add did not find.
_UNKNOWN = {
    "unknown_project": "There is no project {} that you may see; it stays in the title.",
    "unknown_assignee": "There is nobody {} in the task's project; it stays in the title.",
}


def add(
    context: typer.Context,
    text: Annotated[list[str], typer.Argument(help="What to do, with dates, p1 to p4, #project, @label, /person.")],
    project: Project = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be understood.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """Add a task in one line, for instance: taskflow add "Pay rent tomorrow 9am p1 #home"."""
    from taskflow.interfaces.cli.client.connection import connect
    from taskflow.interfaces.cli.client.recent import remember_tasks

    session: Session = context.obj
    line = " ".join(text)
    body: dict[str, Any] = {"text": line}
    if project is not None:
        body["project"] = project
    if dry_run:
        body["dry_run"] = True
    with connect(read_url(url)) as connection:
        # Before it is added: nothing that fails afterwards may make it look as if it were not.
        now = None if session.json else reader_now(connection)
        answer = connection.post("tasks/quick", body)
    if not dry_run:
        remember_tasks([answer.data["task"]])
    if now is None:
        print_document(answer)
    else:
        _show_added(open_console(), line, answer.data, now, "Would add" if dry_run else "Added")
    for match in answer.data["matches"]:
        if match["kind"] in _UNKNOWN:
            typer.echo(_UNKNOWN[match["kind"]].format(plain(line[match["start"] : match["end"]])), err=True)


def _show_added(console: "Console", line: str, added: Mapping[str, Any], now: datetime, verb: str) -> None:
    from rich.text import Text

    from taskflow.interfaces.cli.client.tables import print_tasks

    task = added["task"]
    matches = [match for match in added["matches"] if match["kind"] not in _UNKNOWN]
    if matches:
        spans = Text(plain(line))
        for match in matches:
            spans.stylize(f"bold {_KINDS.get(match['kind'], 'cyan')}", match["start"], match["end"])
        console.print(Text("Understood: ") + spans)
        for match in matches:
            words = plain(line[match["start"] : match["end"]])
            console.print(Text(f"  {match['kind']}: {words}", style="dim"))
    console.print(Text(f"{verb}:", style="bold"))
    print_tasks(console, [{**task, "key": task.get("key") or "-"}], now)
