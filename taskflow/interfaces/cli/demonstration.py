"""`taskflow demo`: an account with a list that looks like somebody's."""

import typer

from taskflow.interfaces.cli.output import DataDir, Json, Session

app = typer.Typer(no_args_is_help=True, help="Load or remove a demonstration.")


@app.callback()
def demonstrate() -> None:
    """Load or remove a demonstration."""


@app.command("load")
def load(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """Make the account demo with projects and tasks, and print a link that signs in as it once."""
    session: Session = context.obj
    settings = session.open(data_dir)

    from taskflow.application import accounts
    from taskflow.application.demo import load_demo
    from taskflow.interfaces.cli.links import write_link

    report = load_demo()
    link = write_link(settings, accounts.create_sign_in_link(accounts.find_user(report.username)))
    lines = [
        f"Made the account {report.username} with {report.projects} projects and {report.tasks} tasks.",
        f"This link signs in as it once: {link}",
    ]
    made = {"username": report.username, "projects": report.projects, "tasks": report.tasks, "link": link}
    session.show(made, lines)


@app.command("wipe")
def wipe(context: typer.Context, data_dir: DataDir = None, json: Json = False) -> None:
    """Remove the demonstration; nothing else is touched."""
    session: Session = context.obj
    session.open(data_dir)

    from taskflow.application.demo import wipe_demo

    report = wipe_demo()
    line = f"Removed {report.projects} projects and {report.tasks} tasks." if report.projects else "There was no demo."
    session.show({"projects": report.projects, "tasks": report.tasks}, [line])
