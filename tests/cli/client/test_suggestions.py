"""`taskflow suggest`, against a running instance with its worker."""

import json
from collections.abc import Callable

import httpx

from tests.cli.client.shells import Shell

Call = Callable[..., httpx.Response]


def make_task(call: Call, title: str = "Call the bank about the overdue invoice") -> str:
    return str(call("POST", "tasks", {"title": title}).json()["key"])


def priority_of(call: Call, key: str) -> str:
    return str(call("GET", f"tasks/{key}").json()["priority"])


def test_a_suggestion_is_shown_with_bars_and_reasons_and_decides_nothing(person: Shell, call: Call) -> None:
    key = make_task(call)
    lines = person.ok("suggest", key).splitlines()
    assert lines[0].startswith("Suggested: ")
    assert "% sure" in lines[0]
    assert [line.split()[0] for line in lines[1:5]] == ["urgent", "high", "medium", "low"]
    assert lines[5].startswith("  - ")
    assert priority_of(call, key) == "none"
    advice = person.json("suggest", key)
    assert advice["state"] == "pending"
    assert sum(advice["probabilities"].values()) > 0.99


def test_a_suggestion_is_accepted_overridden_and_dismissed(person: Shell, call: Call) -> None:
    key = make_task(call)
    accepted = person.json("suggest", key, "--accept")
    assert accepted["state"] == "accepted"
    assert priority_of(call, key) == accepted["suggested_priority"]
    other = make_task(call, "Read a book")
    assert "Overridden: the priority is urgent." in person.ok("suggest", other, "--override", "urgent")
    assert priority_of(call, other) == "urgent"
    assert "Dismissed." in person.ok("suggest", make_task(call, "Water plants"), "--dismiss")


def test_at_a_terminal_the_decision_is_asked_for(person: Shell, call: Call) -> None:
    key = make_task(call)
    code, screen = person.converse("suggest", key, answers=[("leaves it open", "zzz"), ("leaves it open", "h")])
    assert code == 0, screen
    assert priority_of(call, key) == "high"
    code, screen = person.converse("suggest", make_task(call, "Another"), answers=[("leaves it open", "")])
    assert code == 0, screen


def test_what_cannot_be_decided_is_said(person: Shell, call: Call) -> None:
    assert "There is no task NOPE-1" in person.fail("suggest", "NOPE-1")
    assert "exclude" in person.fail("suggest", "NOPE-1", "--accept", "--dismiss", code=2)
    assert "none of none, low" in person.fail("suggest", "NOPE-1", "--override", "huge", code=2)
    refused = person.run("suggest", "NOPE-1", "--json")
    assert json.loads(refused.stdout)["status"] == 404
