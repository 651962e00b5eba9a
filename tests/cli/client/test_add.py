"""`taskflow add`: what it sends, and how it shows what was understood."""

import json
from typing import Any

from tests.cli.client.scripted import Scripted
from tests.cli.client.shells import Shell

LINE = "Pay rent tomorrow p1 #home"
TASK: dict[str, Any] = {
    "key": "HOME-1",
    "title": "Pay rent #home",
    "status": "todo",
    "priority": "urgent",
    "labels": [],
    "due_date": "2026-11-25",
    "due_at": None,
    "urgency": {"score": 42.0},
}
MATCHES = [
    {"start": 9, "end": 17, "kind": "due", "text": "tomorrow"},
    {"start": 18, "end": 20, "kind": "priority", "text": "p1"},
    {"start": 21, "end": 26, "kind": "unknown_project", "text": "#home"},
]
ME = {"username": "ada", "timezone": "UTC"}


def test_what_was_understood_is_shown_and_an_unknown_project_warned_of(scripted: Scripted, script: Shell) -> None:
    scripted.say("tasks/quick", 201, {"task": TASK, "matches": MATCHES})
    scripted.say("me", 200, ME)
    finished = script.run("add", "Pay", "rent", "tomorrow p1", "#home", "--project", "in1")
    assert finished.returncode == 0, finished.stderr
    assert scripted.bodies[0] == {"text": LINE, "project": "in1"}
    lines = finished.stdout.splitlines()
    assert lines[0] == f"Understood: {LINE}"
    assert [line.strip() for line in lines[1:4]] == ["due: tomorrow", "priority: p1", "unknown project: #home"]
    assert lines[4] == "Added:"
    assert "HOME-1" in lines[6]
    assert finished.stderr == "There is no project #home that you may see; it stays in the title.\n"


def test_a_task_is_added_once_however_often_the_connection_breaks(scripted: Scripted, script: Shell) -> None:
    scripted.hang_up("tasks/quick")
    scripted.hang_up("tasks/quick")
    scripted.say("tasks/quick", 201, {"task": TASK, "matches": []})
    assert json.loads(script.ok("add", LINE, "--json"))["task"]["key"] == "HOME-1"
    assert len({key for _, _, key in scripted.asked}) == 1
    assert len(scripted.asked) == 3


def test_a_dry_run_asks_for_one(scripted: Scripted, script: Shell) -> None:
    scripted.say("tasks/quick", 200, {"task": {**TASK, "key": None}, "matches": []})
    scripted.say("me", 200, ME)
    assert script.ok("add", LINE, "--dry-run").startswith("Would add:\n")
    assert scripted.bodies[0] == {"text": LINE, "dry_run": True}


def test_nothing_to_add_is_wrong_usage(script: Shell) -> None:
    assert "Usage:" in script.fail("add", code=2)
