"""With all broken plugins installed, a real instance starts, serves and suggests, and names each of them."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.broken_plugins import AT_IMPORT, AT_WORK, install_all
from tests.environments import make_wheel
from tests.plugins.live import PROMISE, Live, heard

#: What is said of those that never come as far as working.
REASONS = {
    "raises_at_import": ("load_error", "ValueError: no licence file"),
    "sys_exit_at_import": ("load_error", "SystemExit: 3"),
    "os_exit_at_import": ("load_error", "exit code 3"),
    "keyboard_interrupt_at_import": ("load_error", "KeyboardInterrupt"),
    "hangs_at_import": ("load_error", "did not load within 10 seconds"),
    "wrong_signature": ("incompatible", "taskflow_prioritisers"),
    "wrong_slug": ("incompatible", "'another'"),
    "no_manifest": ("incompatible", "taskflow_no_manifest.manifest must be"),
    "twin": ("incompatible", "one-twin 1.0 and other-twin 1.0 both claim the slug 'twin'"),
}
#: What each does when it is asked for an opinion, alone; None: it has none, which is no failure.
KINDS = {
    "raises_in_every_method": "bug",
    "exits_in_every_method": "bug",
    "kills_its_process": "crash",
    "interrupts_in_every_method": "bug",
    "blocks_the_loop": "bug",
    "never_answers": "timeout",
    "ignores_cancellation": "bug",
    "answers_ten_megabytes": "permanent",
    "answers_nonsense": "bug",
    "answers_not_a_number": "bug",
    "answers_an_object": "bug",
    "leaks_a_thread": "bug",
    "raises_in_its_hook": "bug",
    "returns_no_list": "bug",
    "returns_no_objects": "bug",
    "fills_its_output": "timeout",
}
WITH_TRACE = ("raises_in_every_method", "exits_in_every_method", "interrupts_in_every_method", "raises_in_its_hook")
QUICK = ("raises_in_every_method", "kills_its_process", "raises_in_its_hook")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One instance for all: only looking into what hangs at import takes ten seconds."""
    folder = tmp_path_factory.mktemp("broken")
    made = Live(folder)
    install_all(made.site)
    made.environment.add(make_wheel(folder / "wheels", "leaves", code="import os; os._exit(3)"))
    try:
        yield made.start()
    finally:
        made.end()


def test_it_serves_and_suggests_while_they_are_looked_into(live: Live) -> None:
    assert live.instance.get("/readyz").status_code == 200
    suggestion, seconds = live.suggest()
    assert (suggestion["state"], suggestion["source"]) == ("pending", "rules")
    assert seconds < PROMISE


def test_each_is_listed_with_its_status_and_reason(live: Live) -> None:
    cards = live.cards()
    assert {*AT_IMPORT, *AT_WORK, "twin"} <= set(cards)
    for slug, (status, words) in REASONS.items():
        assert (cards[slug]["status"], words in cards[slug]["reason"]) == (status, True), cards[slug]["reason"]
        assert cards[slug]["distribution"]
    assert {cards[slug]["status"] for slug in AT_WORK} <= {"disabled", "active", "degraded"}
    twins = [card["distribution"] for card in live.call("GET", "plugins")["results"] if card["slug"] == "twin"]
    assert twins == ["one-twin", "other-twin"]


def test_what_hangs_at_import_is_waited_for_once(live: Live) -> None:
    live.cards()
    began = time.monotonic()
    live.cards()
    assert time.monotonic() - began < 3


def test_commands_work_beside_them(live: Live) -> None:
    listed = live.command("plugins", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert {*AT_IMPORT, *AT_WORK, "twin"} <= {card["slug"] for card in json.loads(listed.stdout)["results"]}
    shown = live.command("plugins", "show", "raises_at_import")
    assert "raise ValueError('no licence file')" in shown.stdout
    for command in (("disable", "hangs_at_import"), ("disable", "kills_its_process"), ("remove", "leaves", "--yes")):
        done = live.command("plugins", *command)
        assert done.returncode == 0, done.stderr
    assert "leaves" not in live.cards()
    doctor = live.command("doctor", "--json")
    for slug, (_, words) in REASONS.items():
        assert slug in doctor.stdout
        assert words.split("'")[0] in doctor.stdout


def check_one(live: Live, slug: str) -> None:
    """Enables one, asks it as a prioritiser and as the only model, and looks at what is said of it."""
    worker = live.instance.child("worker")
    assert live.enable(slug)["status"] == "active"
    try:
        suggestion, seconds = live.suggest()
    finally:
        live.disable(slug)
    signals = heard(suggestion, slug)
    assert signals, suggestion["signals"]
    assert all(signal["error"] for signal in signals)
    assert suggestion["source"] == "rules"
    assert seconds < PROMISE, slug
    errors = live.call("GET", f"plugins/{slug}/errors")["results"]
    assert KINDS[slug] in {error["kind"] for error in errors}, errors
    if slug in WITH_TRACE:
        assert f"taskflow_{slug}.py" in errors[0]["trace"]
    assert live.instance.child("worker") == worker


def test_each_has_an_expectation() -> None:
    assert set(KINDS) == set(AT_WORK)
    assert set(REASONS) == {*AT_IMPORT, "twin"}


@pytest.mark.parametrize("slug", QUICK)
def test_one_that_fails_at_work_is_named_in_time(live: Live, slug: str) -> None:
    check_one(live, slug)


@pytest.mark.soak
@pytest.mark.parametrize("slug", [slug for slug in AT_WORK if slug not in QUICK])
def test_whatever_one_does_at_work_it_is_named_in_time(live: Live, slug: str) -> None:
    check_one(live, slug)


def test_all_at_once_are_named_in_time(live: Live) -> None:
    worker = live.instance.child("worker")
    for slug in AT_WORK:
        live.enable(slug)
    suggestion, seconds = live.suggest()
    assert seconds < PROMISE
    assert suggestion["source"] == "rules"
    named = {signal["provider"] for signal in suggestion["signals"] if signal["error"]}
    # A leaked thread is no failure: its prioritiser may have answered that it has no opinion.
    assert set(AT_WORK) - {"leaks_a_thread"} <= named
    assert live.instance.child("worker") == worker
    for slug in AT_WORK:
        live.disable(slug)
    suggestion, _ = live.suggest()
    assert [signal["provider"] for signal in suggestion["signals"]] == ["builtin", "builtin"]
