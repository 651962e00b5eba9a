"""A real instance with a model on a server that fails in every way: tasks and suggestions go on, in time.

Told over REST alone, so that it holds however the core reaches the model.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from taskflow.testing.servers import FakeOpenAI, Fault
from tests.plugins.live import PROMISE, Live, heard

pytestmark = pytest.mark.once

SLUG = "llm_openai"
GOOD = json.dumps({"priority": "urgent", "confidence": 0.9})
#: Seconds that a call may take here, so that five that hang are soon over.
LIMIT = 1.0
#: Failures in a row after which the model is not asked for a while.
MOST_FAILURES = 5
#: Seconds of a suggestion that asks no model, on a machine that does other things too.
QUICK = 4.0
#: The faults of a sick server. Each test costs the start of a process, so most of them are for `make thorough`.
SICK = [Fault.HANG]
ALSO_SICK = [
    Fault.CUT,
    Fault.GARBAGE,
    Fault.DRIP,
    Fault.CLOSE,
    Fault.WRONG_JSON,
    Fault.TEN_MEGABYTES,
    Fault.TOO_MANY,
    Fault.SERVER_ERROR,
]
#: A server that is well, and says no.
REFUSES = [Fault.UNAUTHORISED, Fault.FORBIDDEN, Fault.NOT_FOUND]
#: What a model may say instead of what it was asked for.
WRONG_ANSWERS = [
    '{"priority": "sometime", "confidence": 0.9}',
    '{"priority": "urgent", "confidence": 17}',
    '["urgent"]',
    "I would say that this is urgent.",
    "",
    '{"priority": "urg',
]
_numbers = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def live(server: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Configured by the environment alone, as an administrator would; the model's server is trusted."""
    settings = {"BASE_URL": server.url, "MODEL": "small", "TRUSTED": "on", "TIMEOUT_S": str(LIMIT), "MAX_RETRIES": "0"}
    named = {f"PLUGIN_LLM_OPENAI__{name}": value for name, value in settings.items()}
    made = Live(tmp_path_factory.mktemp("faults"), **named)
    try:
        yield made.start()
    finally:
        made.end()


@pytest.fixture(autouse=True)
def well(server: FakeOpenAI, live: Live) -> None:
    """A server that is well, and settings that were just changed: nothing is known of former failures."""
    server.fault, server.reply = None, lambda prompt: GOOD
    live.call("PATCH", f"plugins/{SLUG}", {"config": {"api_key": f"key-{next(_numbers)}"}})
    assert live.cards()[SLUG]["status"] == "active"


def suggest(live: Live) -> tuple[dict[str, Any], float]:
    """A suggestion on a new task that is there in time, whatever the model does."""
    suggestion, seconds = live.suggest()
    assert suggestion["state"] == "pending"
    assert seconds < PROMISE
    return suggestion, seconds


def suggest_without(live: Live) -> float:
    """The seconds of a suggestion by the rules that names the model that failed."""
    suggestion, seconds = suggest(live)
    assert suggestion["source"] == "rules"
    signals = heard(suggestion, SLUG)
    assert signals, suggestion["signals"]
    assert all(signal["error"] for signal in signals)
    assert suggestion["reasons"]
    return seconds


def test_a_model_that_is_well_is_heard(live: Live) -> None:
    suggestion, _ = suggest(live)
    (signal,) = heard(suggestion, SLUG)
    assert signal["error"] is None
    assert signal["raw"]["urgent"] > 0.5
    assert suggestion["source"] in {"blend", "model"}


def check_sick(live: Live, server: FakeOpenAI, fault: Fault) -> None:
    """A model that fails is named, is not asked any more after some failures, and costs no time from then on."""
    server.fault = fault
    failures = 0
    while live.cards()[SLUG]["status"] != "degraded":
        failures += 1
        assert failures <= MOST_FAILURES
        suggest_without(live)
    asked = len(server.requests)
    assert suggest_without(live) < QUICK
    assert len(server.requests) == asked
    assert live.cards()[SLUG]["reason"]


def test_each_fault_is_shown() -> None:
    assert {*SICK, *ALSO_SICK, *REFUSES} == set(Fault)


@pytest.mark.parametrize("fault", SICK)
def test_a_sick_server_is_named_and_soon_left_alone(live: Live, server: FakeOpenAI, fault: Fault) -> None:
    check_sick(live, server, fault)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", ALSO_SICK)
def test_a_server_sick_in_whatever_way_is_soon_left_alone(live: Live, server: FakeOpenAI, fault: Fault) -> None:
    check_sick(live, server, fault)


@pytest.mark.thorough
@pytest.mark.parametrize("fault", REFUSES)
def test_a_server_that_refuses_is_named_at_once(live: Live, server: FakeOpenAI, fault: Fault) -> None:
    server.fault = fault
    suggest_without(live)
    assert suggest_without(live) < QUICK
    assert live.call("GET", f"plugins/{SLUG}/errors")["results"]


def test_answers_that_do_not_fit_are_not_passed_on(live: Live, server: FakeOpenAI) -> None:
    for answer in WRONG_ANSWERS:
        server.reply = lambda prompt, answer=answer: answer  # type: ignore[misc]
        suggest_without(live)


@pytest.mark.thorough
def test_it_is_heard_again_when_settings_change(live: Live, server: FakeOpenAI) -> None:
    server.fault = Fault.SERVER_ERROR
    while live.cards()[SLUG]["status"] != "degraded":
        suggest_without(live)
    server.fault = None
    live.call("PATCH", f"plugins/{SLUG}", {"config": {"api_key": "mended"}})
    suggestion, _ = suggest(live)
    assert heard(suggestion, SLUG)[0]["error"] is None


def test_tasks_are_written_and_read_while_it_hangs(live: Live, server: FakeOpenAI) -> None:
    project = live.call("POST", "projects", {"name": "Automatic", "auto_suggest": "on_create"})["id"]
    server.fault = Fault.HANG
    tasks = [live.call("POST", "tasks", {"project": project, "title": f"Part {number}"}) for number in range(20)]
    for task in tasks:
        live.call("PATCH", f"tasks/{task['id']}", {"title": f"{task['title']}, in time"})
        live.call("POST", f"tasks/{task['id']}/complete")
        assert live.call("GET", f"tasks/{task['id']}")["status"] == "done"
