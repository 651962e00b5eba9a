"""`taskflow add`: what it sends, how it shows what was understood, and what an instance makes of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.bootstrap.instances import Instance
from tests.cli.client.conftest import bearer
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
    assert scripted.bodies[1] == {"text": LINE, "project": "in1"}
    lines = finished.stdout.splitlines()
    assert lines[0] == f"Understood: {LINE}"
    assert [line.strip() for line in lines[1:4]] == ["due: tomorrow", "priority: p1", "Added:"]
    assert "HOME-1" in lines[5]
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
    assert scripted.bodies[1] == {"text": LINE, "dry_run": True}


def test_nothing_to_add_is_wrong_usage(script: Shell) -> None:
    assert "Usage:" in script.fail("add", code=2)


def test_bytes_that_are_no_text_are_said_to_be_none(scripted: Scripted, script: Shell) -> None:
    scripted.say("me", 200, ME)
    # As Python hands on an argument that is no UTF-8.
    assert "is not valid UTF-8" in script.fail("add", "caf\udce9")


def test_a_task_that_was_added_is_never_told_as_a_failure(scripted: Scripted, script: Shell) -> None:
    scripted.say("me", 500, {"code": "internal", "detail": "Something went wrong.", "errors": []})
    assert "failed with 500" in script.fail("add", LINE)
    assert [path for _, path, _ in scripted.asked] == ["me"]


@pytest.fixture
def home(instance: Instance, person: Shell) -> str:
    """The key of a project named House of the person's own."""
    key = f"H{person.username.removeprefix('person')}"
    answer = httpx.post(
        f"{instance.url}/api/v1/projects",
        json={"name": "House", "key": key},
        headers=bearer(instance, person.username),
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return key


def test_an_instance_understands_day_priority_project_and_label(person: Shell, home: str) -> None:
    lines = person.ok("add", "Pay rent tomorrow 9am p1 #house @money").splitlines()
    assert lines[:6] == [
        "Understood: Pay rent tomorrow 9am p1 #house @money",
        "  due: tomorrow 9am",
        "  priority: p1",
        "  project: #house",
        "  label: @money",
        "Added:",
    ]
    assert lines[7].split()[:-1] == [f"{home}-1", "!!!", "Pay", "rent", "tomorrow", "09:00", "@money"]
    (task,) = person.json("list", "--project", home)["results"]
    assert (task["title"], task["priority"], task["labels"]) == ("Pay rent", "urgent", ["money"])


def test_names_that_the_instance_does_not_know_stay_in_the_title(person: Shell) -> None:
    finished = person.run("add", "Plan launch #moon /zoe")
    assert finished.returncode == 0
    assert finished.stdout.startswith("Added:\n")
    assert finished.stderr.splitlines() == [
        "There is no project #moon that you may see; it stays in the title.",
        "There is nobody /zoe in the task's project; it stays in the title.",
    ]
    assert person.json("list")["results"][0]["title"] == "Plan launch #moon /zoe"


def test_a_dry_run_shows_the_task_and_adds_none(person: Shell) -> None:
    lines = person.ok("add", "--dry-run", "Pay rent today p2").splitlines()
    assert lines[3] == "Would add:"
    assert lines[5].split()[:-1] == ["-", "!!", "Pay", "rent", "today"]
    rehearsed = person.json("add", "--dry-run", "Pay rent today p2")["task"]
    assert [rehearsed[name] for name in ("id", "key", "version", "created_at", "updated_at")] == [None] * 5
    assert person.ok("list") == "No tasks.\n"


def test_words_without_quotes_are_one_line_and_the_document_is_the_instances(person: Shell) -> None:
    added = person.json("add", "Water", "the", "plants", "every", "day")
    assert (added["task"]["title"], added["task"]["recurrence"]) == ("Water the plants", "FREQ=DAILY")
    assert [match["kind"] for match in added["matches"]] == ["recurrence"]


def test_a_repeating_task_gives_its_next_with_its_day(person: Shell) -> None:
    today = datetime.now(UTC).date()
    wanted = (today + timedelta(days=3)).isoformat()
    added = person.json("add", f"Water the plants every day starting {wanted}")["task"]
    number = int(added["key"].rpartition("-")[2])
    following = f"{added['key'].rpartition('-')[0]}-{number + 1}"
    day = today + timedelta(days=4)
    assert person.ok("done", added["key"]) == (f"Done: {added['key']} Water the plants; next: {following} ({day:%a})\n")
    assert person.json("done", added["key"])["next"]["key"] == following


def test_a_line_without_a_title_is_refused_by_name(person: Shell) -> None:
    assert person.fail("add", "tomorrow").startswith("text: Nothing is left for a title.")
    assert person.fail("add", "Pay", "--project", "NOPE").startswith("project: ")
