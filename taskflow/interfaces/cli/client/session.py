"""`taskflow login` and `taskflow logout`."""

import contextlib
import os
import sys
from typing import Annotated, Any

import typer

from taskflow.interfaces.cli.client.addresses import DEFAULT, is_local, read_address
from taskflow.interfaces.cli.client.screen import Url, read_url
from taskflow.interfaces.cli.output import Failure, Json, Session

#: What the commands need and no more; writing carries reading.
SCOPES = ("tasks:read", "tasks:write")


def login(
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="The instance's address.", show_default=False)] = None,
    username: Annotated[
        str | None, typer.Option(help="Your name there, or e-mail address.", show_default=False)
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="A token that you have already; - reads it from standard input.", show_default=False),
    ] = None,
    otp: Annotated[
        str | None, typer.Option(help="The code of your authenticator app, if you have one.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Log in to an instance: makes a token for these commands and keeps it. What is missing is asked for."""
    from taskflow.interfaces.cli.client.connection import Connection, connect_as
    from taskflow.interfaces.cli.client.logins import Login, keep_login, load_logins, login_file
    from taskflow.interfaces.cli.client.recent import forget_all, remember_projects

    session: Session = context.obj
    logins = load_logins()
    address = _choose_address(url, logins.current)
    before = logins.servers.get(address)
    if not is_local(address) and address.startswith("http:"):
        typer.echo(f"Careful: {address} is not encrypted; others on the way can read what you send.", err=True)
    made: dict[str, Any] | None = None
    if token is not None:
        secret = (sys.stdin.readline() if token == "-" else token).strip()  # noqa: S105 - a sign, no secret
    else:
        anonymous = Connection(address)
        made = _make_token(anonymous, username or _ask("Username", before.username if before else None), otp)
        anonymous.close()
        secret = str(made.pop("token"))
    connection = connect_as(Login(address, secret))
    me = connection.get("me").data
    found = Login(address, secret, str(me["username"]), made_here=made is not None)
    try:
        keep_login(found)
    except (OSError, Failure):
        if made is not None:
            connection.delete("auth/tokens/current")
        raise
    if before is not None and before.made_here and before.token != secret:
        # It would stay in the list of tokens for ever; that it cannot be ended now is no reason to fail.
        with contextlib.suppress(Failure):
            connect_as(before).delete("auth/tokens/current")
    forget_all()
    with contextlib.suppress(Failure):
        remember_projects(
            str(project["key"]) for project in connection.get("projects", {"limit": "200"}).data["results"]
        )
    connection.close()
    session.show(
        {"url": address, "user": me, "token": made, "file": str(login_file())},
        [f"Logged in to {address} as {found.username}. The token is kept in {login_file()}."],
    )


def logout(
    context: typer.Context,
    url: Url = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Only forget the token, as when the instance is gone; do not end it.")
    ] = False,
    json: Json = False,
) -> None:
    """End the token that login made, and forget it."""
    from taskflow.interfaces.cli.client.connection import Lost, connect_as
    from taskflow.interfaces.cli.client.logins import forget_login, load_logins
    from taskflow.interfaces.cli.client.recent import forget_all
    from taskflow.interfaces.cli.client.refusals import Refused

    session: Session = context.obj
    logins = load_logins()
    address = read_url(url) or logins.current
    if address is None or address not in logins.servers:
        raise Failure(f"You are not logged in to {address}." if address else "You are not logged in.")
    known = logins.servers[address]
    ended = False
    if known.made_here and not forget:
        try:
            connect_as(known).delete("auth/tokens/current")
            ended = True
        except Lost as error:
            raise Failure(f"{error} To forget the token without ending it: taskflow logout --forget") from None
        except Refused as error:
            # 401: it had ended already.
            if error.status != 401:
                raise
    forget_login(address)
    forget_all()
    kept = "" if ended or (known.made_here and not forget) else " The token itself is still valid."
    session.show({"url": address, "ended": ended}, [f"Logged out of {address}.{kept}"])


def _choose_address(given: str | None, current: str | None) -> str:
    from taskflow.interfaces.cli.client.logins import URL_VARIABLE

    text = given or os.environ.get(URL_VARIABLE, "").strip()
    if not text:
        proposed = current or DEFAULT
        text = _ask("Address of the instance", proposed) if sys.stdin.isatty() else proposed
    try:
        return read_address(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None


def _make_token(connection: Any, username: str, otp: str | None) -> dict[str, Any]:
    """A new token by name and password, and by a code where one is needed."""
    import socket

    from taskflow.interfaces.cli.client.refusals import Refused

    host = "".join(character for character in socket.gethostname() if character.isprintable())
    wish = {
        "username": username,
        "password": _ask_secretly("Password"),
        "name": f"taskflow on {host}"[:100],
        "scopes": list(SCOPES),
    }
    try:
        made: dict[str, Any] = connection.post("auth/tokens", {**wish, "otp": otp} if otp else wish).data
    except Refused as error:
        if error.status != 401 or error.code != "mfa_required" or otp:
            raise
        code = _ask("Code of your authenticator app", None)
        made = connection.post("auth/tokens", {**wish, "otp": code}).data
    return made


def _ask(what: str, default: str | None) -> str:
    """Asks at the terminal; without one, the default, else the next line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, default=default, err=True)).strip()
    text = default or sys.stdin.readline().strip()
    if not text:
        option = "--username" if what == "Username" else "--otp"
        raise typer.BadParameter(f"{what} is missing. Give it, or put it on standard input.", param_hint=option)
    return text


def _ask_secretly(what: str) -> str:
    if sys.stdin.isatty():
        # Its question appears only once nothing typed is shown any more.
        from getpass import getpass

        return getpass(f"{what}: ")
    secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise Failure(f"{what} is missing: standard input is no terminal and has no line.")
    return secret
