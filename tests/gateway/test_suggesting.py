"""What the gateway answers about a task, and what it makes of models that misbehave."""

import math
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bootstrap.instances import wait_for
from tests.gateway.gateways import Gateway, describe

pytestmark = pytest.mark.once

LEVELS = ["low", "medium", "high", "urgent"]
TASK = {
    "title": "Pay the rent",
    "description": "Before the bank closes",
    "due_date": "2026-11-24",
    "due_at": None,
    "labels": ["home"],
    "project": "Home",
    "status": "todo",
    "assignees": ["ada"],
}
CONTEXT = {"now": "2026-11-24T09:00:00Z", "timezone": "Europe/Berlin", "examples": [{"title": "A", "priority": "low"}]}


def test_a_models_own_probabilities_become_a_suggestion(gateway: Gateway) -> None:
    body = {"task": TASK, "context": CONTEXT, "deadline_ms": 5000, "generation": 1}
    answer = gateway.client.post("/suggest-priority", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert list(found["probabilities"]) == LEVELS
    assert math.isclose(sum(found["probabilities"].values()), 1)
    assert (found["suggested_priority"], found["confidence"]) == ("urgent", 0.4)
    assert (found["provider"], found["model"], found["method"]) == ("model", "tiny", "scores")
    assert found["prompt_version"]
    assert found["latency_ms"] > 0
    assert {"code", "text", "field"} == set(found["reasons"][0])
    assert "due today" in " ".join(reason["text"] for reason in found["reasons"])


def test_what_a_server_calls_its_model_is_a_name_on_one_line(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="named"), model="<b>big</b>\n\u202emodel\x07")
    assert gateway.ask("Pay").json()["model"] == "b big /b model"


def test_a_model_that_cannot_score_is_asked_for_json(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, scores=False))
    found = gateway.ask("Pay").json()
    assert (found["suggested_priority"], found["confidence"], found["method"]) == ("high", 0.8, "json")
    assert (found["prompt_tokens"], found["completion_tokens"]) == (100, 9)
    assert found["words"] == ""


def test_words_come_from_a_model_that_is_flagged_as_able_alone_and_without_markup(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, able=True))
    assert gateway.ask("Pay").json()["words"] == "It b matters /b ."


@pytest.mark.parametrize(
    "answer",
    [
        "I think it is urgent",
        '{"priority": "none", "confidence": 0.5}',
        '{"priority": "<script>", "confidence": 0.5}',
        '{"priority": "high", "confidence": NaN}',
        "[]",
    ],
)
def test_an_answer_that_is_none_is_never_passed_on(gateway: Gateway, site: Path, answer: str) -> None:
    gateway.configure(describe(site, trusted=True, scores=False, answer=answer))
    refused = gateway.ask("Pay")
    assert (refused.status_code, refused.json()["code"]) == (503, "bad_answer")
    assert refused.headers["retry-after"]
    assert "script" not in refused.text
    (note,) = refused.json()["notes"]
    assert (note["failed"]["kind"], note["failed"]["capability"]) == ("bad_answer", "complete")


def test_five_answers_in_a_row_that_are_none_open_the_breaker(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, scores=False, answer="no", version="none"))
    codes = [gateway.ask(f"Pay {number}").json()["code"] for number in range(6)]
    assert codes == ["bad_answer"] * 5 + ["breaker_open"]


@pytest.mark.parametrize(
    ("order", "code", "wait"), [("transient", "transient", "7"), ("refuse", "permanent", "5"), ("die", "crash", "5")]
)
def test_a_model_that_fails_is_503_with_a_time_to_come_again_and_a_note(
    gateway: Gateway, site: Path, order: str, code: str, wait: str
) -> None:
    gateway.configure(describe(site, trusted=True, version=order))
    refused = gateway.ask(order)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, wait)
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == code
    assert problem["sent"]["bytes"] > 100
    (note,) = problem["notes"]
    assert (note["failed"]["kind"], note["failed"]["capability"]) == (code, "score")
    # Its process alone is gone, if anything: the next question is answered.
    assert gateway.ask("Pay").status_code == 200


def test_five_failures_in_a_row_open_the_breaker(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="breaker"))
    for _ in range(5):
        assert gateway.ask("transient").json()["code"] == "transient"
    began = time.monotonic()
    assert gateway.ask("Pay").json()["code"] == "breaker_open"
    assert time.monotonic() - began < 1


def test_a_deadline_holds_and_the_call_is_ended(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="deadline"))
    gateway.ask("Pay")
    began = time.monotonic()
    refused = gateway.ask("sleep 20", deadline_ms=300)
    assert (refused.status_code, refused.json()["code"]) == (503, "timeout")
    assert time.monotonic() - began < 2
    assert refused.headers["retry-after"]
    wait_for(lambda: ended(gateway) == 1, 5)


def test_a_caller_that_leaves_ends_a_call_that_nobody_else_waits_for(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="leaving"))
    gateway.ask("Pay")
    with pytest.raises(httpx.ReadTimeout):
        gateway.client.post("/suggest-priority", json={"task": {"title": "sleep 20"}}, timeout=0.7)
    wait_for(lambda: ended(gateway) == 1, 5)
    # Nobody is to blame for that: no failure is noted.
    assert "failed" not in str(gateway.ask("Pay").json()["notes"])


def test_callers_that_leave_while_a_provider_starts_do_it_no_harm(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="leaving at the start"))

    def leave(title: str) -> None:
        with pytest.raises(httpx.ReadTimeout):
            gateway.client.post("/suggest-priority", json={"task": {"title": title}}, timeout=0.05)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(leave, [f"left {number}" for number in range(4)]))
    answer = gateway.ask("Pay")
    assert answer.status_code == 200, answer.text
    assert answer.json()["notes"] == []
    assert calls(gateway) == 2


def test_equal_questions_at_one_time_are_one_call(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="equal"))
    gateway.ask("Pay")
    before = calls(gateway)
    answers = at_once(gateway, ["sleep 0.5"] * 8)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert calls(gateway) - before == 2


def test_one_of_two_that_wait_for_the_same_may_leave(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="two"))
    gateway.ask("Pay")
    results: list[httpx.Response] = []
    patient = threading.Thread(target=lambda: results.append(gateway.ask("sleep 1.2")))
    patient.start()
    assert gateway.ask("sleep 1.2", deadline_ms=200).json()["code"] == "timeout"
    patient.join()
    assert results[0].status_code == 200
    assert ended(gateway) == 0


def test_an_equal_question_later_is_answered_from_what_is_kept_until_the_configuration_changes(
    gateway: Gateway, site: Path
) -> None:
    gateway.configure(describe(site, trusted=True, version="kept"))
    body: dict[str, Any] = {"task": TASK, "context": CONTEXT}
    first = gateway.client.post("/suggest-priority", json=body).json()
    again = gateway.client.post("/suggest-priority", json=body).json()
    assert (first["cached"], again["cached"]) == (False, True)
    assert first["probabilities"] == again["probabilities"]
    hour_later = {"task": TASK, "context": {**CONTEXT, "now": "2026-11-24T10:00:00Z"}}
    assert gateway.client.post("/suggest-priority", json=hour_later).json()["cached"] is False
    gateway.configure(describe(site, trusted=True, version="kept, changed"), generation=2)
    assert gateway.client.post("/suggest-priority", json=body).json()["cached"] is False


def test_questions_beyond_the_queue_are_429_at_once(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="queue"))
    gateway.ask("Pay")
    # The different ones run four at a time, sixty-four wait.
    answers = at_once(gateway, [f"sleep 0.3 {number}" for number in range(90)])
    busy = [answer for answer in answers if answer.status_code == 429]
    assert busy
    assert all(answer.json()["code"] == "busy" and int(answer.headers["retry-after"]) >= 1 for answer in busy)
    assert {answer.status_code for answer in answers} == {200, 429}
    failures = re.search(r"failures_total.kind=\"busy\",provider=\"model\". (\S+)", gateway.client.get("/metrics").text)
    assert failures is not None
    assert float(failures[1]) >= len(busy)


def test_a_batch_is_answered_in_order_each_for_itself(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="batch"))
    # Its process starts.
    gateway.ask("Warm up")
    titles = ["Pay", "refuse", "sleep 5", "Call"]
    body = {"items": [{"task": {"title": title}} for title in titles], "deadline_ms": 800}
    results = gateway.client.post("/suggest-priority/batch", json=body).json()["results"]
    assert [result.get("suggested_priority", result.get("code")) for result in results] == [
        "urgent",
        "permanent",
        "timeout",
        "urgent",
    ]


def test_a_whole_batch_finds_its_places_and_leaves_some_to_others(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="whole batch"))
    gateway.ask("Warm up")
    body = {"items": [{"task": {"title": f"sleep 0.1 {number}"}} for number in range(100)]}
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(gateway.client.post, "/suggest-priority/batch", json=body)
        wait_for(lambda: gauge(gateway, "running") > 0)
        assert gateway.ask("Pay").status_code == 200
        assert not answered.done()
        results = answered.result().json()["results"]
    assert [result.get("code") for result in results] == [None] * 100


def test_a_batchs_time_is_that_of_all_its_questions(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=True, version="long batch"))
    gateway.ask("Warm up")
    body = {"items": [{"task": {"title": f"sleep 0.4 {number}"}} for number in range(40)], "deadline_ms": 1000}
    began = time.monotonic()
    results = gateway.client.post("/suggest-priority/batch", json=body).json()["results"]
    assert time.monotonic() - began < 3
    assert {result.get("code") for result in results} == {None, "timeout"}


def test_what_leaves_is_redacted_and_what_stays_is_not(gateway: Gateway, site: Path) -> None:
    title = "echo ann@example.org"
    assert "ann@example.org" in gateway.ask(title).json()["model"]
    gateway.configure(describe(site, trusted=False, version="redacted"))
    found = gateway.ask(title).json()
    assert "ann@example.org" not in found["model"]
    assert (found["leaves"], found["sent"]["redactions"]) == (True, 1)
    failed = gateway.ask("refuse ann@example.org").json()
    assert (failed["code"], failed["sent"]["redactions"]) == ("permanent", 1)
    vectors = gateway.client.post("/providers/model/embed", json={"texts": [title]}).json()["vectors"]
    assert vectors == [[len("echo [email]"), 1.0]]


def test_others_are_answered_while_a_long_text_is_redacted(gateway: Gateway, site: Path) -> None:
    gateway.configure(describe(site, trusted=False, version="long"))
    task = {"title": "Pay", "description": "\ufdfa" * 100_000}
    meanwhile = 0
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(gateway.client.post, "/suggest-priority", json={"task": task})
        while not asked.done():
            gateway.client.get("/healthz").raise_for_status()
            meanwhile += not asked.done()
    assert asked.result().status_code == 200
    assert meanwhile > 5


def test_what_may_not_leave_is_told_to_no_provider_that_counts_as_leaving(gateway: Gateway, site: Path) -> None:
    assert gateway.ask("Pay", may_leave=False).status_code == 200
    gateway.configure(describe(site, trusted=False, version="leaving"))
    refused = gateway.ask("Pay", may_leave=False)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    texts = gateway.client.post("/providers/model/embed", json={"texts": ["Pay"], "may_leave": False})
    assert (texts.status_code, texts.json()["code"]) == (403, "not_allowed")
    assert calls(gateway) == 1


@pytest.mark.parametrize("may_leave", [False, True])
def test_what_waited_for_its_turn_is_told_by_the_settings_of_then(
    gateway: Gateway, site: Path, may_leave: bool
) -> None:
    assert gateway.ask("Pay").json()["leaves"] is False
    with ThreadPoolExecutor(5) as pool:
        before = [pool.submit(gateway.ask, f"sleep 1.5 {number}") for number in range(4)]
        wait_for(lambda: gauge(gateway, "running") == 4)
        waiting = pool.submit(gateway.ask, "echo ada@example.com", may_leave=may_leave)
        wait_for(lambda: gauge(gateway, "waiting") == 1)
        # Meanwhile it is another server, for which nobody vouches.
        gateway.configure(describe(site, trusted=False, version="elsewhere"), generation=2)
        found = waiting.result()
        assert all(each.result().is_success for each in before)
    if may_leave:
        assert found.json()["leaves"]
        assert "[email]" in found.json()["model"]
    else:
        assert (found.status_code, found.json()["code"]) == (403, "not_allowed")
    # It was no failure.
    assert "superseded" not in gateway.client.get("/metrics").text


def gauge(gateway: Gateway, name: str) -> int:
    found = re.search(rf"^taskflow_gateway_{name} (\S+)", gateway.client.get("/metrics").text, re.M)
    assert found is not None
    return int(float(found[1]))


def at_once(gateway: Gateway, titles: list[str]) -> list[httpx.Response]:
    answers: dict[int, httpx.Response] = {}

    def ask(number: int, title: str) -> None:
        answers[number] = gateway.ask(title)

    threads = [threading.Thread(target=ask, args=each) for each in enumerate(titles)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(titles))]


_told = iter(range(1_000_000))


def _tell(gateway: Gateway) -> list[int]:
    text = gateway.ask(f"tell {next(_told)}").json()["model"]
    return [int(part.split()[0]) for part in text.split(", ")]


def calls(gateway: Gateway) -> int:
    """Calls that the model had, this one included."""
    return _tell(gateway)[0]


def ended(gateway: Gateway) -> int:
    """Calls that were ended before their time."""
    return _tell(gateway)[1]
