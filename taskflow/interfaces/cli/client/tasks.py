"""`taskflow list`, `today` and `done`."""

import json as json_format
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from taskflow.interfaces.cli.client.plain_text import plain
from taskflow.interfaces.cli.client.recent import complete_project, complete_task
from taskflow.interfaces.cli.client.screen import Url, open_console, print_document, read_url
from taskflow.interfaces.cli.output import Failure, Json, Session, report_failure

if TYPE_CHECKING:
    from taskflow.interfaces.cli.client.connection import Answer, Connection

OPEN = "todo,in_progress"

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
    """List what is overdue or due today, yours and nobody's, the longest due first."""
    # The instance's own filter: every door to it shows the same tasks, in the reader's time zone.
    given = {"saved": "today", **({"project": project} if project else {})}
    _print_list(context.obj, read_url(url), given, None, "Nothing is due today.")


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
                answer = connection.post(f"{task_path(key)}/complete", missing=missing_task(key))
            except Lost:
                raise
            except Failure as error:
                if len(keys) == 1:
                    raise
                failures.append((key, error))
                continue
            answers.append(answer)
            if not session.json:
                # At once: should the connection break, what was done until then has been told.
                print(_describe_done(connection, answer.data), flush=True)
    remember_tasks(answer.data for answer in answers)
    if session.json and len(keys) == 1:
        print_document(answers[0])
    elif session.json:
        errors = [{"key": key, "error": str(error), **error.document} for key, error in failures]
        print(json_format.dumps({"results": [answer.data for answer in answers], "errors": errors}), flush=True)
    for _, failure in failures:
        report_failure(failure, as_json=False)
    if failures:
        raise typer.Exit(1)


def _print_list(
    session: Session, url: str | None, parameters: Mapping[str, str], most: int | None, nothing: str
) -> None:
    from taskflow.interfaces.cli.client.connection import connect
    from taskflow.interfaces.cli.client.recent import remember_tasks

    with connect(url) as connection:
        now = None if session.json else reader_now(connection)
        pages = list(connection.pages("tasks", parameters, most))
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


def _describe_done(connection: "Connection", task: Mapping[str, Any]) -> str:
    """What is told of a task that is done, and where it repeats of the one that follows."""
    line = f"Done: {plain(task['key'])} {plain(task['title'])}"
    if not task.get("next"):
        return line
    key = str(task["next"]["key"])
    return f"{line}; next: {plain(key)}{_describe_following(connection, key)}"


def _describe_following(connection: "Connection", key: str) -> str:
    from taskflow.interfaces.cli.client.dates import describe_due

    try:
        due = describe_due(connection.get(task_path(key)).data, reader_now(connection))
    except Failure:
        # The task is done, whatever became of the next.
        return ""
    return f" ({due.text})" if due else ""
