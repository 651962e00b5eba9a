"""Which instances this user is logged in to, and with which token: `client.json` in the user's configuration folder."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskflow.interfaces.cli.client.addresses import read_address
from taskflow.interfaces.cli.client.folders import config_folder, write_private
from taskflow.interfaces.cli.output import Failure

#: Environment variables for scripts; `config/names.py` knows them too, so that an instance leaves them alone.
URL_VARIABLE, TOKEN_VARIABLE = "TASKFLOW_CLIENT_URL", "TASKFLOW_CLIENT_TOKEN"


@dataclass(frozen=True, slots=True)
class Login:
    """One instance and the token for it."""

    url: str
    token: str = field(repr=False)
    username: str = ""
    #: Whether `taskflow login` made the token: then `logout` ends it.
    made_here: bool = False


@dataclass(slots=True)
class Logins:
    """All logins; `current` is the address that commands go to."""

    current: str | None = None
    servers: dict[str, Login] = field(default_factory=dict)


def login_file() -> Path:
    """The file that holds the tokens."""
    return config_folder() / "client.json"


def load_logins() -> Logins:
    """What is stored; nothing where there is no file. `Failure` where it cannot be read."""
    path = login_file()
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        servers = {
            url: Login(url, str(row["token"]), str(row["username"]), bool(row["made_here"]))
            for url, row in stored["servers"].items()
        }
        return Logins(stored["current"], servers)
    except FileNotFoundError:
        return Logins()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failure(f"{path} is damaged. Delete it, and log in again: taskflow login") from None


def keep_login(login: Login) -> None:
    """Store the login and make it the one that commands use."""
    logins = load_logins()
    logins.servers[login.url] = login
    logins.current = login.url
    _store(logins)


def forget_login(url: str) -> None:
    """Remove the login; the last one of the others becomes current."""
    logins = load_logins()
    logins.servers.pop(url, None)
    if logins.current == url:
        logins.current = next(reversed(logins.servers), None)
    _store(logins)


def find_login(url: str | None) -> Login:
    """The login for `url`, or else for the environment's or the current address.

    A token goes only to the address that it was stored for; the environment's token goes to the address that is meant.
    `Failure` where there is no token.
    """
    logins = load_logins()
    named = url or os.environ.get(URL_VARIABLE, "").strip()
    address = read_address(named) if named else logins.current
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if token:
        if address is None:
            raise Failure(f"{TOKEN_VARIABLE} is set, but no address. Set {URL_VARIABLE} too, or give --url.")
        return Login(address, token)
    if address is None:
        raise Failure("You are not logged in. Log in first: taskflow login")
    if address not in logins.servers:
        raise Failure(f"You are not logged in to {address}. Log in first: taskflow login {address}")
    return logins.servers[address]


def _store(logins: Logins) -> None:
    servers = {
        url: {"token": login.token, "username": login.username, "made_here": login.made_here}
        for url, login in logins.servers.items()
    }
    write_private(login_file(), {"current": logins.current, "servers": servers})
