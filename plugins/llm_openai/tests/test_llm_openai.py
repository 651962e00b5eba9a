"""The provider against a real server on loopback."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from openai_server import KEY, NOW, Context, Make, Reply, Server, providers, refuses, says

from taskflow.plugin_api import (
    AuthError,
    CompletionRequest,
    PermanentError,
    PluginError,
    TransientError,
    Usage,
)
from taskflow_llm_openai import manifest, taskflow_llm_providers, taskflow_stop
from taskflow_llm_openai.errors import NoAnswer, TooMuch
from taskflow_llm_openai.provider import ChatCompletions

SCHEMA = {
    "type": "object",
    "properties": {"level": {"type": "string"}},
    "required": ["level"],
    "additionalProperties": False,
}
PLAIN = CompletionRequest(system="Judge.", prompt="Pay rent")
FORMED = CompletionRequest(system="Judge.", prompt="Pay rent", json_schema=SCHEMA)
Ask = Callable[[ChatCompletions], Awaitable[object]]


async def ask_completion(provider: ChatCompletions) -> object:
    return await provider.complete(PLAIN)


async def ask_scores(provider: ChatCompletions) -> object:
    return await provider.score(PLAIN, ("low", "high"))


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
async def make(server: Server) -> AsyncIterator[Make]:
    async with providers(server) as make:
        yield make


async def test_an_answer_comes_with_its_usage(server: Server, make: Make) -> None:
    server.answer(says("high"))
    answer = await make().complete(PLAIN)
    assert (answer.text, answer.model, answer.truncated) == ("high", "small-2026", False)
    assert answer.usage == Usage(prompt_tokens=12, completion_tokens=3)
    (request,) = server.requests
    assert server.paths == ["/v1/chat/completions"]
    assert request["messages"] == [{"role": "system", "content": "Judge."}, {"role": "user", "content": "Pay rent"}]
    assert (request["model"], request["max_tokens"], request["temperature"]) == ("small", 256, 0.0)
    assert "response_format" not in request


@pytest.mark.parametrize("counts", [(10**30, 3), (12, 2**31), (-1, 3), (1.5, 3), (True, 3)])
async def test_counts_of_tokens_that_cannot_be_are_none(
    server: Server, make: Make, counts: tuple[object, object]
) -> None:
    body = says("high").body | {"usage": dict(zip(("prompt_tokens", "completion_tokens"), counts, strict=True))}
    server.answer(Reply(body=body))
    provider = make()
    assert (await provider.complete(PLAIN)).usage is None
    assert (await provider.check()).tokens_per_second is None


async def test_half_of_a_character_at_the_end_of_an_answer_is_no_defect(server: Server, make: Make) -> None:
    server.answer(Reply(body=json.dumps(says("high \ud83d").body | {"model": "small\ud83d"}).encode()))
    answer = await make().complete(PLAIN)
    assert (answer.text, answer.model) == ("high \N{REPLACEMENT CHARACTER}", "small\N{REPLACEMENT CHARACTER}")


async def test_the_request_may_name_another_model(server: Server, make: Make) -> None:
    await make().complete(PLAIN.model_copy(update={"model": "large"}))
    assert server.requests[0]["model"] == "large"


async def test_the_server_is_told_the_key_and_nothing_of_the_machine(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-shell")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-of-the-shell")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-shell")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-shell")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/")
    await make().complete(PLAIN)
    await make(api_key=None).complete(PLAIN)
    with_key, without = server.headers
    assert with_key["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in without
    assert "of-the-shell" not in json.dumps(server.headers)
    # What is left of the client's own tells how often and how long, not where.
    assert {n for n in with_key if n.startswith("x-stainless")} <= {
        "x-stainless-raw-response",
        "x-stainless-retry-count",
        "x-stainless-read-timeout",
    }


async def test_what_ended_for_want_of_tokens_says_so(server: Server, make: Make) -> None:
    server.answer(says("hi", finish_reason="length"), says(None, finish_reason="length"))
    provider = make()
    assert (await provider.complete(PLAIN)).truncated
    empty = await provider.complete(PLAIN)
    assert (empty.text, empty.truncated) == ("", True)


def form_of(request: dict[str, Any]) -> str:
    return str(request.get("response_format", {}).get("type", "text"))


async def test_a_schema_is_asked_for_as_the_server_understands_it(server: Server, make: Make) -> None:
    await make().complete(FORMED)
    (request,) = server.requests
    assert form_of(request) == "json_schema"
    assert request["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA, "strict": True}


@pytest.mark.parametrize("knows", ["json_object", "text"])
@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_form_falls_back_and_what_works_is_remembered(
    server: Server, make: Make, knows: str, status: int
) -> None:
    server.script = lambda r: (
        says("{}") if form_of(r) in {knows, "text"} else refuses(status, "response_format: unsupported")
    )
    provider = make()
    await provider.complete(FORMED)
    forms = [form_of(request) for request in server.requests]
    assert forms == ["json_schema", "json_object", "text"][: forms.index(knows) + 1]
    assert json.dumps(SCHEMA) in server.requests[-1]["messages"][0]["content"]
    await provider.complete(PLAIN)
    await provider.complete(FORMED)
    assert [form_of(request) for request in server.requests[len(forms) :]] == ["text", knows]


async def test_reasoning_models_get_their_own_parameters(server: Server, make: Make) -> None:
    def script(request: dict[str, Any]) -> Reply:
        if "max_tokens" in request:
            return refuses(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        if "temperature" in request:
            return refuses(400, "Unsupported value: 'temperature' does not support 0 with this model.")
        return says("{}")

    server.script = script
    provider = make()
    for _ in range(2):
        await provider.complete(FORMED)
    assert [form_of(request) for request in server.requests] == ["json_schema"] * 4
    assert server.requests[-1]["max_completion_tokens"] == 256


async def test_a_request_that_fits_in_no_form_is_permanent_and_forgotten(server: Server, make: Make) -> None:
    server.answer(refuses(400, "The prompt is too long."))
    provider = make()
    with pytest.raises(PermanentError, match="too long"):
        await provider.complete(FORMED)
    server.answer(says("{}"))
    await provider.complete(FORMED)
    assert form_of(server.requests[-1]) == "json_schema"


@pytest.mark.parametrize(
    ("reply", "expected", "words"),
    [
        (refuses(401, "Incorrect API key"), AuthError, "401: Incorrect API key"),
        (refuses(403, "Not in your country"), AuthError, "403: Not in your country"),
        (refuses(404, "The model `small` does not exist"), PermanentError, "404: The model `small` does not exist"),
        (Reply(404, {"error": "model 'small' not found"}), PermanentError, "404: model 'small' not found"),
        (Reply(404, {"detail": "Not Found"}), PermanentError, "404: Not Found"),
        (refuses(422, "No"), PermanentError, "422: No"),
        (Reply(301, b"", {"Location": "/elsewhere"}), PermanentError, "301: it redirects"),
        (refuses(408, "Slow"), TransientError, "408: Slow"),
        (refuses(429, "Too many"), TooMuch, "429: Too many"),
        (refuses(500, "Broken"), TransientError, "500: Broken"),
        (Reply(503, b"<html>\n<h1>Down</h1>", {"Content-Type": "text/html"}), TransientError, "503: <html> <h1>Down"),
        (Reply(503, b""), TransientError, "503: Service Unavailable"),
        (Reply(hangs_up=True), TransientError, "127.0.0.1"),
        (Reply(body=b"<html>hello", headers={"Content-Type": "text/html"}), NoAnswer, "no JSON"),
        (Reply(body=b"{"), NoAnswer, "no JSON"),
        (Reply(body=b"[" * 100_000), NoAnswer, "no JSON"),
        (Reply(body=[1]), NoAnswer, "no message"),
        (Reply(body={"choices": None}), NoAnswer, "no message"),
        (Reply(body={"choices": [{"message": {"content": ["a"]}}]}), NoAnswer, "no text"),
        (says(None), NoAnswer, "no text"),
        (Reply(body={"choices": [{"message": {"refusal": "I  won't"}}]}), PermanentError, "refused: I won't"),
        (says("x" * 200_001), PermanentError, "200001 signs"),
        (Reply(body=b" " * 6_000_000), NoAnswer, "more than 5000 kB"),
        (Reply(body=b"x", headers={"Content-Encoding": "gzip"}), NoAnswer, "packed its answer"),
    ],
    ids=lambda value: "" if isinstance(value, Reply | type) else str(value)[:30],
)
async def test_each_failure_has_its_error(
    server: Server, make: Make, reply: Reply, expected: type[PluginError], words: str
) -> None:
    server.answer(reply)
    with pytest.raises(expected) as caught:
        await make().complete(PLAIN)
    assert type(caught.value) is expected or expected is PermanentError
    assert words in str(caught.value)
    assert len(server.requests) == 1


async def test_a_server_that_repeats_the_key_does_not_give_it_away(
    server: Server, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(refuses(401, f"Incorrect API key: {KEY} {'x' * 5_000}"))
    provider = make()
    with pytest.raises(AuthError, match=r"Incorrect API key: \[api_key\]") as caught:
        await provider.complete(PLAIN)
    assert len(str(caught.value)) < 400
    health = await provider.check()
    assert KEY not in health.model_dump_json() + repr(provider) + repr(manifest.config) + caplog.text


async def test_a_dead_host_is_transient() -> None:
    context = Context(base_url="http://127.0.0.1:9/v1", model="small", max_retries=0)
    (provider,) = taskflow_llm_providers(context)
    with pytest.raises(TransientError, match="ConnectError"):
        await provider.complete(PLAIN)
    taskflow_stop(context)
    await asyncio.sleep(0.05)


async def test_a_refusal_of_the_guard_comes_through() -> None:
    context = Context(offline=True, base_url="http://192.0.2.1/v1", model="small", max_retries=3)
    (provider,) = taskflow_llm_providers(context)
    with pytest.raises(PermanentError, match="OUTBOUND_ALLOW"):
        await provider.complete(PLAIN)
    taskflow_stop(context)
    await asyncio.sleep(0.05)


async def test_a_slow_server_is_left_after_the_time_limit(server: Server, make: Make) -> None:
    server.answer(Reply(body={}, delay=1.5))
    started = asyncio.get_running_loop().time()
    with pytest.raises(TransientError, match=r"within 0\.5 seconds"):
        await make(timeout_s=0.5, max_retries=5).complete(PLAIN)
    assert asyncio.get_running_loop().time() - started < 1.4


async def test_a_busy_server_is_asked_again_when_it_says(server: Server, make: Make) -> None:
    server.answer(refuses(429, "Too many", retry_after="0.1"), refuses(503, "Starting", retry_after="0"), says("high"))
    started = asyncio.get_running_loop().time()
    assert (await make(max_retries=2).complete(PLAIN)).text == "high"
    assert asyncio.get_running_loop().time() - started >= 0.1


async def test_repetitions_end(server: Server, make: Make) -> None:
    server.answer(refuses(500, "Broken", retry_after="0"))
    with pytest.raises(TransientError):
        await make(max_retries=2).complete(PLAIN)
    assert len(server.requests) == 3


@pytest.mark.parametrize("ask", [ask_completion, ask_scores])
async def test_a_server_that_names_a_date_is_asked_again_then(server: Server, make: Make, ask: Ask) -> None:
    server.answer(refuses(429, "Too many", retry_after="Tue, 24 Nov 2026 09:00:01 GMT"), says("high"))
    started = asyncio.get_running_loop().time()
    await ask(make(max_retries=1, timeout_s=10))
    assert 1 <= asyncio.get_running_loop().time() - started < 5
    assert len(server.requests) == 2


@pytest.mark.parametrize("ask", [ask_completion, ask_scores])
@pytest.mark.parametrize("retries", [0, 5])
@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        ("Tue, 24 Nov 2026 09:02:00 GMT", 120.0),
        ("9" * 400, 86_400.0),
    ],
)
async def test_a_wait_beyond_the_time_limit_is_handed_to_the_caller_at_once(
    server: Server, make: Make, ask: Ask, retries: int, sent: str, seconds: float
) -> None:
    server.answer(refuses(429, "Too many", retry_after=sent))
    started = asyncio.get_running_loop().time()
    with pytest.raises(TransientError) as caught:
        await ask(make(timeout_s=1.5, max_retries=retries))
    assert caught.value.retry_after == seconds
    assert len(server.requests) == 1
    assert asyncio.get_running_loop().time() - started < 1


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("Tue, 24 Nov 2026 08:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 09:02:00", None),
        ("soon", None),
        ("inf", None),
        ("-3", None),
        ("", None),
    ],
)
async def test_what_names_no_time_to_come_counts_as_none(
    server: Server, make: Make, sent: str, seconds: float | None
) -> None:
    server.answer(refuses(429, "Too many", retry_after=sent))
    with pytest.raises(TransientError) as caught:
        await make().complete(PLAIN)
    assert caught.value.retry_after == seconds


async def test_a_cancelled_call_leaves_the_provider_usable(server: Server, make: Make) -> None:
    server.answer(Reply(body={}, delay=0.5), says("high"))
    provider = make()
    call = asyncio.create_task(provider.complete(PLAIN))
    while not server.requests:
        await asyncio.sleep(0.02)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await provider.complete(PLAIN)).text == "high"


async def test_calls_overlap(server: Server, make: Make) -> None:
    server.answer(Reply(body=says("high").body, delay=0.3))
    provider = make()
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(provider.complete(PLAIN) for _ in range(4)))
    assert asyncio.get_running_loop().time() - started < 1.1


async def test_a_check_shows_a_piece_of_a_real_answer(server: Server, make: Make) -> None:
    server.answer(says("I am ready."))
    health = await make().check()
    assert (health.ok, health.model, health.sample, health.checked_at) == (True, "small-2026", "I am ready.", NOW)
    # Three tokens in some milliseconds.
    assert health.tokens_per_second is not None
    assert 1 < health.tokens_per_second <= 3_000


@pytest.mark.parametrize(
    ("reply", "values", "step"),
    [
        (refuses(401, "No"), {}, "Check api_key"),
        (refuses(401, "No"), {"api_key": None}, "Set api_key"),
        (refuses(404, "No such model"), {}, "Check model (small)"),
        (refuses(500, "Broken"), {}, "Check that base_url"),
        (refuses(429, "You exceeded your current quota"), {"max_retries": 0}, "Wait, or see what 127.0.0.1:"),
        (says("", finish_reason="length"), {}, "Set model"),
        (Reply(body=b"<html>"), {}, "Check base_url (http://127.0.0.1:"),
    ],
)
async def test_a_failed_check_names_the_setting_to_change(
    server: Server, make: Make, reply: Reply, values: dict[str, Any], step: str
) -> None:
    server.answer(reply)
    health = await make(**values).check()
    assert not health.ok
    assert health.error
    assert health.next_step.startswith(step)


def test_stopping_closes_connections_in_a_loop_that_rests(server: Server) -> None:
    context = Context(base_url=server.url, model="small")
    (provider,) = taskflow_llm_providers(context)
    with asyncio.Runner() as runner:
        runner.run(provider.complete(PLAIN))
        taskflow_stop(context)
        taskflow_stop(context)
    taskflow_stop(Context(base_url=server.url, model="small"))


def test_stopping_after_the_loop_has_ended_is_harmless(server: Server) -> None:
    server.answer(replace(says("high"), headers={"Connection": "close"}))
    context = Context(base_url=server.url, model="small")
    (provider,) = taskflow_llm_providers(context)
    with asyncio.Runner() as runner:
        runner.run(provider.complete(PLAIN))
    taskflow_stop(context)
