"""`taskflow user`: accounts from the keyboard of whoever runs the instance."""

import sys
from typing import Annotated

import typer

from taskflow.interfaces.cli.output import DataDir, Failure, Json, Session

app = typer.Typer(no_args_is_help=True, help="Create accounts and let people in.")


@app.callback()
def people() -> None:
    """Create accounts and let people in."""


@app.command("create")
def create(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    email: Annotated[str, typer.Option(help="The e-mail address.")] = "",
    role: Annotated[str, typer.Option(help="member, manager or admin")] = "member",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Create an account. Without a password a single-use sign-in link is printed."""
    session: Session = context.obj
    settings = session.open(data_dir)

    from taskflow.application import accounts
    from taskflow.domain.permissions import SYSTEM, SiteRole
    from taskflow.interfaces.cli.links import write_link

    if role not in {known.value for known in SiteRole}:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(SiteRole)}", param_hint="--role")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    user = accounts.create_user(SYSTEM, username=username, email=email, password=password, role=SiteRole(role))
    link = None if password else write_link(settings, accounts.create_sign_in_link(user))
    lines = [f"Created {user.username} ({user.role})."]
    if link:
        lines.append(f"This link signs {user.username} in once: {link}")
    session.show({"id": user.pk, "username": user.username, "role": user.role, "link": link}, lines)


@app.command("reset-link")
def reset_link(
    context: typer.Context,
    username: Annotated[str, typer.Argument(help="Whom to let in.")],
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print a single-use link that signs somebody in, who can then choose a new password."""
    session: Session = context.obj
    settings = session.open(data_dir)

    from taskflow.application import accounts
    from taskflow.interfaces.cli.links import write_link

    user = accounts.find_user(username)
    if user is None:
        raise Failure(f"There is no user {username}.")
    link = write_link(settings, accounts.create_sign_in_link(user))
    session.show({"username": user.username, "link": link}, [link])
