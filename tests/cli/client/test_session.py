"""`taskflow login` and `logout`, against a running instance."""

import json
import stat

import httpx

from tests.bootstrap.instances import Instance, find_free_port
from tests.cli.client.shells import PASSWORD, Shell


def tokens_of(instance: Instance, username: str = "ada") -> list[str]:
    wish = {"username": username, "password": PASSWORD, "name": "look"}
    whole = httpx.post(f"{instance.url}/api/v1/auth/tokens", json=wish, timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {whole}"}
    listed = httpx.get(f"{instance.url}/api/v1/auth/tokens", headers=headers, timeout=30).json()["results"]
    httpx.delete(f"{instance.url}/api/v1/auth/tokens/current", headers=headers, timeout=30)
    return [token["name"] for token in listed if token["name"] != "look"]


def test_logging_in_makes_a_narrow_token_that_only_its_owner_can_read_and_logging_out_ends_it(
    instance: Instance, shell: Shell
) -> None:
    said = shell.ok("login", shell.url, "--username", "ada", stdin=f"{PASSWORD}\n")
    assert f"Logged in to {shell.url} as ada." in said
    assert PASSWORD not in said
    assert "tfp_" not in said
    assert stat.S_IMODE(shell.login_file.stat().st_mode) == 0o600
    stored = json.loads(shell.login_file.read_text())
    token = stored["servers"][shell.url]["token"]
    assert stored["current"] == shell.url
    headers = {"Authorization": f"Bearer {token}"}
    refused = httpx.post(f"{shell.url}/api/v1/projects", json={"name": "P"}, headers=headers, timeout=30)
    assert refused.json()["code"] == "insufficient_scope"
    assert [name.partition(" on ")[0] for name in tokens_of(instance)] == ["taskflow"]

    assert shell.ok("logout") == f"Logged out of {shell.url}.\n"
    assert tokens_of(instance) == []
    assert httpx.get(f"{shell.url}/api/v1/me", headers=headers, timeout=30).status_code == 401
    assert shell.fail("list") == "You are not logged in. Log in first: taskflow login\n"
    assert shell.fail("logout") == "You are not logged in.\n"


def test_logging_in_again_ends_the_token_before(instance: Instance, shell: Shell) -> None:
    shell.login().login()
    assert len(tokens_of(instance)) == 1
    shell.ok("logout")


def test_at_a_terminal_what_is_missing_is_asked_for_and_the_password_is_not_shown(shell: Shell) -> None:
    code, screen = shell.converse(
        "login", answers=[("Address", shell.url), ("Username", "ada"), ("Password", PASSWORD)]
    )
    assert code == 0, screen
    assert "as ada" in screen
    assert PASSWORD not in screen
    shell.ok("logout")


def test_with_json_neither_token_nor_password_is_printed(shell: Shell) -> None:
    text = shell.ok("login", shell.url, "--username", "ada", "--json", stdin=f"{PASSWORD}\n")
    made = json.loads(text)
    assert (made["url"], made["user"]["username"]) == (shell.url, "ada")
    assert made["token"]["scopes"] == ["tasks:read", "tasks:write"]
    assert "tfp_" not in text
    assert shell.json("logout") == {"url": shell.url, "ended": True}


def test_a_token_from_elsewhere_is_used_and_outlives_the_logout(instance: Instance, shell: Shell) -> None:
    wish = {"username": "ada", "password": PASSWORD, "name": "mine"}
    token = httpx.post(f"{shell.url}/api/v1/auth/tokens", json=wish, timeout=30).json()["token"]
    shell.ok("login", shell.url, "--token", "-", stdin=f"{token}\n")
    shell.ok("list")
    assert "still valid" in shell.ok("logout")
    assert "mine" in tokens_of(instance)
    assert "You are not logged in" in shell.fail("list")


def test_scripts_need_no_login(shell: Shell) -> None:
    wish = {"username": "ada", "password": PASSWORD, "name": "script"}
    token = httpx.post(f"{shell.url}/api/v1/auth/tokens", json=wish, timeout=30).json()["token"]
    env = {"TASKFLOW_CLIENT_URL": shell.url, "TASKFLOW_CLIENT_TOKEN": token}
    assert shell.json("list", env=env)["next_cursor"] is None
    assert "TASKFLOW_CLIENT_URL" in shell.fail("list", env={"TASKFLOW_CLIENT_TOKEN": token})
    assert not shell.login_file.exists()


def test_a_wrong_password_is_one_line_and_stores_nothing(shell: Shell) -> None:
    said = shell.fail("login", shell.url, "--username", "ada", stdin="wrong wrong\n")
    assert said == "User name or password is wrong.\n"
    assert not shell.login_file.exists()
    assert "standard input" in shell.fail("login", shell.url, "--username", "ada")
    assert shell.run("login", shell.url, "--json", "--token", "tfp_x").stdout.startswith('{"error": ')


def test_an_address_that_is_none_is_wrong_usage(shell: Shell) -> None:
    for address in ("ftp://localhost", "http://", "http://ada:secret@localhost", "http://local host", "http://x:99999"):
        assert "Usage:" in shell.fail("login", address, code=2)
    assert "Usage:" in shell.fail("list", "--url", "http://", code=2)


def test_a_token_goes_only_where_it_belongs(shell: Shell) -> None:
    shell.login()
    other = f"http://127.0.0.1:{find_free_port()}"
    assert shell.fail("list", "--url", other) == (
        f"You are not logged in to {other}. Log in first: taskflow login {other}\n"
    )
    shell.ok("logout")


def test_a_token_that_ended_says_to_log_in_again(shell: Shell) -> None:
    shell.login()
    token = json.loads(shell.login_file.read_text())["servers"][shell.url]["token"]
    httpx.delete(f"{shell.url}/api/v1/auth/tokens/current", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert f"Log in again: taskflow login {shell.url}" in shell.fail("list")
    assert "Logged out" in shell.ok("logout")


def test_a_damaged_file_is_named(shell: Shell) -> None:
    shell.login_file.parent.mkdir(parents=True)
    shell.login_file.write_text("{")
    assert f"{shell.login_file} is damaged" in shell.fail("list")
