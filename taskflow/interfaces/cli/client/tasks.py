"""`taskflow add`, `list`, `today` and `done`."""

import json as json_format
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from taskflow.interfaces.cli.client.recent import complete_project, complete_task
from taskflow.interfaces.cli.client.screen import Url, open_console, print_document, read_url
from taskflow.interfaces.cli.output import Failure, Json, Session, report_failure

if TYPE_CHECKING:
    from rich.console import Console

    from taskflow.interfaces.cli.client.connection import Answer, Connection

OPEN = "todo,in_progress"
#: Colours of what quick add recognised.
_KINDS = {"unknown_project": "yellow", "due": "green", "recurrence": "green", "priority": "red", "project": "magenta"}

Project = Annotated[
    str | None,
    typer.Option(help="Key or id of a project.", autocompletion=complete_project, show_default=False),
]


def missing_task(key: str) -> str:
    """What is said of a key that leads to nothing."""
    return f"There is no task {key}, or you may not see it. Your tasks: taskflow list"


def task_path(key: str) -> str:
    """The address of a task below the API's root."""
    return f"tasks/{quote(key.strip(), safe='')}"


def reader_now(connection: "Connection") -> datetime:
    """Now, in the zone of whoever is logged in."""
    from taskflow.interfaces.cli.client.dates import read_zone

    return datetime.now(read_zone(str(connection.get("me").data["timezone"])))


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
        answer = connection.post("tasks/quick", body)
        task = answer.data["task"]
        if not dry_run:
            remember_tasks([task])
        if session.json:
            print_document(answer)
        else:
            _show_added(open_console(), line, answer.data, reader_now(connection), "Would add" if dry_run else "Added")
    for match in answer.data["matches"]:
        if match["kind"] == "unknown_project":
            name = line[match["start"] : match["end"]]
            typer.echo(f"There is no project {_plain(name)} that you may see; it stays in the title.", err=True)


def list_tasks(
    context: typer.Context,
    project: Project = None,
    status: Annotated[
        str | None, typer.Option(help="todo, in_progress, done, cancelled or any.", show_default="open ones")
    ] = None,
    priority: Annotated[str | None, typer.Option(help="none, low, medium, high, urgent.", show_default=False)] = None,
    label: Annotated[str | None, typer.Option(help="Names of labels.", show_default=False)] = None,
    assignee: Annotated[str | None, typer.Option(help="Usernames; me is you.", show_default=False)] = None,
    expression: Annotated[
        str | None,
        typer.Option("--filter", metavar="EXPR", help="An expression, of tasks in every state.", show_default=False),
    ] = None,
    words: Annotated[str | None, typer.Option("--q", metavar="WORDS", help="Search.", show_default=False)] = None,
    order: Annotated[
        str, typer.Option(help="due, priority, urgency, created_at, title …; - turns round.")
    ] = "-urgency",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    everything: Annotated[bool, typer.Option("--all", help="However many there are.")] = False,
    url: Url = None,
    json: Json = False,
) -> None:
    """List open tasks, the most urgent first. Values may be several, with commas."""
    # An expression says all about the tasks that are wanted, their status too.
    wanted = status or ("any" if expression else OPEN)
    parameters = {
        "project": project,
        "status": None if wanted == "any" else wanted,
        "priority": priority,
        "label": label,
        "assignee": assignee,
        "filter": expression,
        "q": words,
        "ordering": order,
    }
    given = {name: value for name, value in parameters.items() if value is not None}
    _print_list(context.obj, read_url(url), given, None if everything else limit, "No tasks.")


def today(
    context: typer.Context,
    project: Project = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List what is overdue or due today, the most urgent first."""
    given = {"status": OPEN, "ordering": "-urgency", **({"project": project} if project else {})}
    _print_list(context.obj, read_url(url), given, None, "Nothing is due today.", before_tomorrow=True)


def done(
    context: typer.Context,
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY...", help="Keys of tasks, like HOME-12.", autocompletion=complete_task)
    ],
    url: Url = None,
    json: Json = False,
) -> None:
    """Complete tasks. A repeating one gives its next."""
    from taskflow.interfaces.cli.client.connection import Lost, connect
    from taskflow.interfaces.cli.client.recent import remember_tasks

    session: Session = context.obj
    answers: list[Answer] = []
    failures: list[tuple[str, Failure]] = []
    with connect(read_url(url)) as connection:
        for key in keys:
            try:
                answers.append(connection.post(f"{task_path(key)}/complete", missing=missing_task(key)))
            except Lost:
                raise
            except Failure as error:
                if len(keys) == 1:
                    raise
                failures.append((key, error))
    remember_tasks(answer.data for answer in answers)
    if session.json and len(keys) == 1:
        print_document(answers[0])
    elif session.json:
        errors = [{"key": key, "error": str(error), **error.document} for key, error in failures]
        print(json_format.dumps({"results": [answer.data for answer in answers], "errors": errors}), flush=True)
    else:
        for answer in answers:
            following = answer.data.get("next")
            then = f"; next: {_plain(following['key'])}" if following else ""
            print(f"Done: {_plain(answer.data['key'])} {_plain(answer.data['title'])}{then}", flush=True)
    for _, failure in failures:
        report_failure(failure, as_json=False)
    if failures:
        raise typer.Exit(1)


def _print_list(
    session: Session,
    url: str | None,
    parameters: Mapping[str, str],
    most: int | None,
    nothing: str,
    *,
    before_tomorrow: bool = False,
) -> None:
    from taskflow.interfaces.cli.client.connection import connect
    from taskflow.interfaces.cli.client.recent import remember_tasks

    with connect(url) as connection:
        now = None if session.json and not before_tomorrow else reader_now(connection)
        given = dict(parameters)
        if before_tomorrow and now is not None:
            given["due_before"] = (now.date() + timedelta(days=1)).isoformat()
        pages = list(connection.pages("tasks", given, most))
    tasks = [task for page in pages for task in page.data["results"]]
    remember_tasks(tasks)
    if session.json and len(pages) == 1:
        print_document(pages[0])
    elif session.json:
        print(json_format.dumps({"results": tasks, "next_cursor": pages[-1].data["next_cursor"]}), flush=True)
    elif not tasks:
        print(nothing, flush=True)
    elif now is not None:
        from taskflow.interfaces.cli.client.tables import print_tasks

        print_tasks(open_console(), tasks, now)
        if pages[-1].data["next_cursor"]:
            typer.echo(f"The first {len(tasks)}; there are more: --limit or --all.", err=True)


def _show_added(console: "Console", line: str, added: Mapping[str, Any], now: datetime, verb: str) -> None:
    from rich.text import Text

    from taskflow.interfaces.cli.client.tables import print_tasks

    task, matches = added["task"], added["matches"]
    if matches:
        spans = Text(_plain(line))
        for match in matches:
            spans.stylize(f"bold {_KINDS.get(match['kind'], 'cyan')}", match["start"], match["end"])
        console.print(Text("Understood: ") + spans)
        for match in matches:
            words = _plain(line[match["start"] : match["end"]])
            console.print(Text(f"  {match['kind'].replace('_', ' ')}: {words}", style="dim"))
    console.print(Text(f"{verb}:", style="bold"))
    print_tasks(console, [{**task, "key": task.get("key") or "-"}], now)


def _plain(text: object) -> str:
    from taskflow.interfaces.cli.client.plain_text import plain

    return plain(text)
