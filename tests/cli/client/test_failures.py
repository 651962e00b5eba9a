"""What goes wrong between a client command and an instance, told in one line."""

import json
from pathlib import Path

from tests.bootstrap.instances import find_free_port
from tests.cli.client.scripted import Scripted
from tests.cli.client.shells import Shell

ME = {"username": "ada", "timezone": "UTC"}
TASK = {
    "key": "IN1-1",
    "title": "T",
    "status": "todo",
    "priority": "none",
    "labels": [],
    "urgency": {"score": 1.0},
}


def test_an_instance_that_is_not_running_says_how_to_start_it(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{find_free_port()}"
    shell = Shell(tmp_path, url)
    said = shell.fail("login", url, "--token", "tfp_x")
    assert said.startswith(f"{url} cannot be reached: ")
    assert "taskflow up (or make up)" in said
    assert len(said.splitlines()) == 1


def test_a_server_that_speaks_no_tls_is_named(scripted: Scripted, tmp_path: Path) -> None:
    url = scripted.url.replace("http:", "https:")
    assert "does not speak TLS" in Shell(tmp_path, url).fail("login", url, "--token", "tfp_x")


def test_another_kind_of_server_is_named(scripted: Scripted, script: Shell) -> None:
    for status in (200, 404, 502):
        scripted.answers["me"] = [(status, {"Content-Type": "text/html"}, "<html>")]
        assert script.fail("list").startswith(f"{scripted.url} does not seem to be TaskFlow: it answered {status}")


def test_a_moved_instance_is_not_followed_with_the_token(scripted: Scripted, script: Shell) -> None:
    scripted.answers["me"] = [(308, {"Location": "https://tasks.example.org/api/v1/me"}, "")]
    assert script.fail("list") == (
        f"{scripted.url} has moved to https://tasks.example.org. Log in there: taskflow login https://tasks.example.org\n"
    )


def test_after_a_lost_connection_the_same_key_is_sent_again(scripted: Scripted, script: Shell) -> None:
    scripted.hang_up("tasks/IN1-1/complete")
    scripted.say("tasks/IN1-1/complete", 200, {**TASK, "status": "done", "next": {"id": "x", "key": "IN1-2"}})
    scripted.say("tasks/IN1-2", 500, {"code": "internal", "detail": "Something went wrong.", "errors": []})
    assert script.ok("done", "IN1-1") == "Done: IN1-1 T; next: IN1-2\n"
    (first, second, _) = scripted.asked
    assert first == second
    assert first[2]


def test_a_password_is_not_sent_twice(scripted: Scripted, script: Shell) -> None:
    scripted.hang_up("auth/tokens")
    said = script.fail("login", scripted.url, "--username", "ada", stdin="secret\n")
    assert "broke" in said
    assert len(scripted.asked) == 1


def test_the_code_of_a_second_factor_is_asked_for(scripted: Scripted, script: Shell) -> None:
    scripted.say("auth/tokens", 401, {"code": "mfa_required", "detail": "Give the code.", "errors": []})
    scripted.say("auth/tokens", 201, {"id": "x", "token": "tfp_y", "name": "n"})
    scripted.say("me", 200, ME)
    scripted.say("projects", 200, {"results": [{"key": "HOME"}], "next_cursor": None})
    assert "as ada" in script.ok("login", scripted.url, "--username", "ada", stdin="secret\n123456\n")
    assert [path for _, path, _ in scripted.asked] == ["auth/tokens", "auth/tokens", "me", "projects"]


def test_a_short_wait_is_waited_and_a_long_one_is_told(scripted: Scripted, script: Shell) -> None:
    busy = {"code": "rate_limited", "detail": "Too much. Wait 1 seconds.", "errors": []}
    scripted.say("tasks", 429, busy, Retry_After="1")
    scripted.say("tasks", 200, {"results": [], "next_cursor": None})
    waited = script.run("list", "--json")
    assert (waited.returncode, json.loads(waited.stdout)["results"]) == (0, [])
    assert waited.stderr == "The instance asks to wait 1 s …\n"
    scripted.say("me", 429, {**busy, "detail": "Wait 50 seconds."}, Retry_After="50")
    assert script.fail("list") == "Wait 50 seconds.\n"


def test_a_failing_instance_points_to_its_log(scripted: Scripted, script: Shell) -> None:
    scripted.say("me", 500, {"code": "internal", "detail": "Something went wrong.", "errors": []})
    said = script.fail("list")
    assert "failed with 500" in said
    assert len(said.splitlines()) == 1


def test_a_wrong_filter_is_shown_with_a_caret(scripted: Scripted, script: Shell) -> None:
    error = {"field": "filter", "code": "syntax", "detail": "Expected a value.", "position": 11}
    scripted.say("me", 200, ME)
    scripted.say("tasks", 400, {"code": "invalid", "detail": "Invalid.", "errors": [error]})
    said = script.fail("list", "--filter", "priority = = high")
    assert said == "filter: Expected a value.\n  priority = = high\n             ^\n"


def test_what_was_done_before_the_connection_broke_is_told(scripted: Scripted, script: Shell) -> None:
    scripted.say("tasks/IN1-1/complete", 200, {**TASK, "status": "done"})
    for _ in range(4):
        scripted.hang_up("tasks/IN1-2/complete")
    broken = script.run("done", "IN1-1", "IN1-2", "IN1-3")
    assert (broken.returncode, broken.stdout) == (1, "Done: IN1-1 T\n")
    assert "broke" in broken.stderr


def test_every_field_that_is_wrong_gets_a_line(scripted: Scripted, script: Shell) -> None:
    errors = [{"field": name, "code": "c", "detail": f"\x1b[31m{name}\u202e is wrong."} for name in ("a", "b")]
    scripted.say("me", 400, {"code": "invalid", "detail": "Invalid.", "errors": errors})
    assert script.fail("list") == "a: \ufffd[31ma\ufffd is wrong.\nb: \ufffd[31mb\ufffd is wrong.\n"
