"""`taskflow list`, `today` and `done`, against a running instance."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.bootstrap.instances import Instance
from tests.cli.client.conftest import bearer
from tests.cli.client.scripted import Scripted
from tests.cli.client.shells import Shell

Call = Callable[..., httpx.Response]


def titles(listed: dict[str, Any]) -> list[str]:
    return [task["title"] for task in listed["results"]]


def test_open_tasks_are_listed_with_the_most_urgent_first(person: Shell, call: Call) -> None:
    assert person.ok("list") == "No tasks.\n"
    call("POST", "tasks", {"title": "Sometime", "priority": "low"})
    call("POST", "tasks", {"title": "Now", "priority": "urgent", "labels": ["home"]})
    call("POST", "tasks", {"title": "Over", "status": "done"})
    text = person.ok("list")
    lines = text.splitlines()
    assert lines[0].split() == ["key", "pri", "title", "due", "labels", "urgency"]
    assert [line.split()[2] for line in lines[1:]] == ["Now", "Sometime"]
    assert "!!!" in lines[1]
    assert "@home" in lines[1]
    assert "\x1b" not in text
    assert titles(person.json("list", "--status", "any", "--order", "title")) == ["Now", "Over", "Sometime"]
    assert titles(person.json("list", "--status", "done")) == ["Over"]
    assert titles(person.json("list", "--priority", "low,medium")) == ["Sometime"]
    assert titles(person.json("list", "--label", "HOME")) == ["Now"]
    assert titles(person.json("list", "--q", "some")) == ["Sometime"]
    assert titles(person.json("list", "--assignee", "me")) == []


def test_json_is_what_the_api_says_to_the_letter(person: Shell, call: Call) -> None:
    call("POST", "tasks", {"title": "Größe „x“"})
    wanted = call("GET", "tasks?status=todo,in_progress&ordering=-urgency&limit=50").text
    assert person.ok("list", "--json") == wanted + "\n"


def test_a_list_follows_its_pages_up_to_the_limit(scripted: Scripted, script: Shell) -> None:
    for limit, pages in (("--all", [200, 200, 7]), ("--limit=230", [200, 30])):
        scripted.queries.clear()
        for number, size in enumerate(pages):
            rows = [{"key": f"IN1-{row}", "status": "todo"} for row in range(size)]
            scripted.say("tasks", 200, {"results": rows, "next_cursor": f"c{number}" if size >= 30 else None})
        document = script.json("list", limit)
        assert len(document["results"]) == sum(pages)
        assert document["next_cursor"] == (None if limit == "--all" else "c1")
        assert [query.get("cursor") for query in scripted.queries] == [None, "c0", "c1"][: len(pages)]
        assert scripted.queries[-1]["limit"] == ("200" if limit == "--all" else "30")


def test_a_list_that_was_cut_says_so(person: Shell, call: Call) -> None:
    for title in ("one", "two", "three"):
        call("POST", "tasks", {"title": title})
    cut = person.run("list", "--limit", "2")
    assert len(cut.stdout.splitlines()) == 3
    assert cut.stderr == "The first 2; there are more: --limit or --all.\n"


def test_an_expression_finds_tasks_in_every_state(person: Shell, call: Call) -> None:
    call("POST", "tasks", {"title": "Now", "priority": "urgent"})
    call("POST", "tasks", {"title": "Over", "priority": "high", "status": "done"})
    call("POST", "tasks", {"title": "Sometime"})
    wanted = ("list", "--filter", "priority >= high", "--order", "title")
    assert titles(person.json(*wanted)) == ["Now", "Over"]
    assert titles(person.json(*wanted, "--status", "todo")) == ["Now"]
    assert "done Over" in person.ok(*wanted)


def test_a_wrong_expression_is_shown_with_a_caret_under_the_place(person: Shell) -> None:
    detail = "filter: 'huge' is no priority. Give one of none, low, medium, high, urgent."
    said = person.fail("list", "--filter", "title ~ 日本 and priority >= huge")
    assert said.splitlines() == [
        detail,
        "  title ~ 日本 and priority >= huge",
        "                               ^",
    ]
    refused = person.run("list", "--filter", "priority >= huge", "--json")
    assert json.loads(refused.stdout)["errors"][0]["position"] == 12
    assert len(person.fail("list", "--filter", "").splitlines()) == 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_readers_own_day(person: Shell, call: Call, instance: Instance, zone: str) -> None:
    headers = bearer(instance, person.username)
    httpx.patch(f"{instance.url}/api/v1/me", json={"timezone": zone}, headers=headers, timeout=30).raise_for_status()
    assert person.ok("today") == "Nothing is due today.\n"
    day = datetime.now(ZoneInfo(zone)).date()
    for title, days in (("Yesterday", -1), ("Today", 0), ("Tomorrow", 1)):
        call("POST", "tasks", {"title": title, "due_date": (day + timedelta(days=days)).isoformat()})
    call("POST", "tasks", {"title": "Undated"})
    call("POST", "tasks", {"title": "Over", "due_date": day.isoformat(), "status": "done"})
    assert titles(person.json("today")) == ["Yesterday", "Today"]
    shown = person.ok("today")
    assert {"yesterday", "today"} <= set(shown.split())


def test_tasks_are_done_one_or_many_and_unknown_ones_do_not_stop_the_others(person: Shell, call: Call) -> None:
    keys = [call("POST", "tasks", {"title": f"T{number}"}).json()["key"] for number in range(4)]
    assert person.json("done", keys[0])["status"] == "done"
    assert person.ok("done", keys[1].lower()) == f"Done: {keys[1]} T1\n"
    assert person.ok("done", keys[1]) == f"Done: {keys[1]} T1\n"
    mixed = person.run("done", keys[2], "NOPE-1", keys[3])
    assert mixed.returncode == 1
    assert mixed.stdout == f"Done: {keys[2]} T2\nDone: {keys[3]} T3\n"
    assert mixed.stderr == "There is no task NOPE-1, or you may not see it. Your tasks: taskflow list\n"
    many = person.run("done", *keys, "../../me", "--json")
    document = json.loads(many.stdout)
    assert many.returncode == 1
    assert [task["key"] for task in document["results"]] == keys
    assert [error["key"] for error in document["errors"]] == ["../../me"]


def test_hostile_titles_do_nothing_to_the_terminal(person: Shell, call: Call) -> None:
    call("POST", "tasks", {"title": "evil \u202egpj.exe \u2066[bold red]x[/] :boom:", "labels": ["\u202eabc"]})
    text = person.ok("list")
    assert "\u202e" not in text
    assert "\u2066" not in text
    assert "evil \ufffdgpj.exe \ufffd[bold red]x[/] :boom:" in text


def test_a_table_fits_the_terminal_and_has_colours_only_there(person: Shell, call: Call) -> None:
    call(
        "POST",
        "tasks",
        {"title": "A title that is far too long for a narrow screen 日本語日本語", "priority": "urgent"},
    )
    for columns in (30, 50, 80):
        code, screen = person.converse("list", answers=[], columns=columns)
        assert code == 0, screen
        assert "\x1b[" in screen
        from rich.cells import cell_len
        from rich.text import Text

        assert max(cell_len(line.rstrip()) for line in Text.from_ansi(screen).plain.splitlines()) <= columns
    assert "日本語日本語" in person.ok("list")
    person.env["NO_COLOR"] = "1"
    assert "\x1b[1;31m" not in person.converse("list", answers=[])[1]


def test_a_pipe_that_closes_early_is_no_error(person: Shell, call: Call) -> None:
    import subprocess

    from tests.bootstrap.instances import COMMAND

    call("POST", "tasks", {"title": "T"})
    line = f"{' '.join(COMMAND)} list --all | true"
    finished = subprocess.run(
        ["bash", "-c", line], env=person.environment(), capture_output=True, text=True, timeout=60
    )
    assert finished.stderr == ""


def test_wrong_values_are_named(person: Shell) -> None:
    assert person.fail("list", "--priority", "huge").startswith("priority: ")
    assert person.fail("list", "--project", "NOPE").startswith("project: ")
    refused = person.run("list", "--order", "size", "--json")
    assert refused.returncode == 1
    document = json.loads(refused.stdout)
    assert document["error"] == refused.stderr.strip()
    assert (document["status"], document["errors"][0]["field"]) == (400, "ordering")
    person.fail("done", code=2)
    person.fail("list", "--limit", "0", code=2)
