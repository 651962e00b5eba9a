"""The engine ollama against a server on loopback that speaks Ollama's protocol."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from ollama import ProgressResponse
from ollama_server import Ollama as Server
from real_model import make_context

from taskflow.plugin_api import AuthError, CompletionRequest, PermanentError, PluginError, Pull, TransientError, Usage
from taskflow.testing.context import FakeContext
from taskflow.testing.servers import Fault
from taskflow_llm_local import taskflow_llm_providers, taskflow_stop
from taskflow_llm_local.config import Config
from taskflow_llm_local.ollama.provider import Ollama
from taskflow_llm_local.ollama.pulls import Pulls

LEVELS = ("low", "medium", "high", "urgent")
SCHEMA = {"type": "object", "properties": {"level": {"type": "string"}}, "required": ["level"]}
PLAIN = CompletionRequest(system="Judge.", prompt="Pay rent", max_tokens=30, temperature=0.5)

Make = Callable[..., Ollama]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
async def make(server: Server) -> AsyncIterator[Make]:
    """Makes providers for the server; what they opened is closed in the end."""
    contexts: list[FakeContext] = []

    def provider(*, offline: bool = False, **values: Any) -> Ollama:
        settings = {"engine": "ollama", "ollama_host": server.url, "model": "small", "timeout_s": 5} | values
        contexts.append(FakeContext(Config.model_validate(settings), slug="llm_local", offline=offline))
        (made,) = taskflow_llm_providers(contexts[-1])
        assert isinstance(made, Ollama)
        return made

    yield provider
    for context in contexts:
        taskflow_stop(context)
        taskflow_stop(context)
        await context.aclose()
    await asyncio.sleep(0.05)


def sent(server: Server) -> dict[str, Any]:
    (request,) = server.requests
    body: dict[str, Any] = request.json()
    return body


async def test_a_question_is_put_as_the_settings_say(server: Server, make: Make) -> None:
    answer = await make(context=4096, threads=3, keep_alive_s=60).complete(PLAIN)
    assert (answer.text, answer.model, answer.truncated) == ("Pay rent", "small", False)
    assert answer.usage == Usage(prompt_tokens=11, completion_tokens=7)
    body = sent(server)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["options"] == {"num_ctx": 4096, "num_predict": 30, "temperature": 0.5, "num_thread": 3}
    assert (body["keep_alive"], body["stream"], body["think"]) == (60, False, False)
    assert "format" not in body


async def test_a_schema_is_passed_on(server: Server, make: Make) -> None:
    await make().complete(PLAIN.model_copy(update={"json_schema": SCHEMA}))
    assert sent(server)["format"] == SCHEMA


async def test_the_server_is_told_nothing_of_the_machine(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "of-the-shell")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    await make().complete(PLAIN)
    (request,) = server.requests
    assert not {"authorization", "user-agent"} & request.headers.keys()


async def test_choices_are_scored_by_the_first_tokens_alternatives(server: Server, make: Make) -> None:
    found = await make().score(PLAIN, LEVELS)
    assert found is not None
    # "Low" is another word; "medium" is not listed and has at most what the least has.
    assert found.probabilities == pytest.approx([0.2 / 0.9, 0.05 / 0.9, 0.6 / 0.9, 0.05 / 0.9])
    body = sent(server)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert (body["options"]["num_predict"], body["options"]["temperature"]) == (1, 0.0)


async def test_alternatives_that_say_nothing_of_the_choices_are_no_score(server: Server, make: Make) -> None:
    server.alternatives = {"The": 0.9, "\n": 0.1}
    assert await make().score(PLAIN, LEVELS) is None
    # It begins both.
    server.alternatives = {"re": 0.9, "x": 0.1}
    assert await make().score(PLAIN, ("red", "rest")) is None


async def test_a_server_without_probabilities_is_asked_for_them_once(server: Server, make: Make) -> None:
    server.alternatives = None
    provider = make()
    assert [await provider.score(PLAIN, LEVELS) for _ in range(3)] == [None] * 3
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.HANG, TransientError),
        (Fault.CUT, TransientError),
        (Fault.GARBAGE, PermanentError),
        (Fault.TOO_MANY, TransientError),
        (Fault.SERVER_ERROR, TransientError),
        (Fault.FORBIDDEN, AuthError),
    ],
)
async def test_scoring_and_listing_fail_as_answering_does(
    server: Server, make: Make, fault: Fault, error: type[PluginError]
) -> None:
    provider = make(timeout_s=0.5)
    server.fault = fault
    with pytest.raises(error):
        await provider.score(PLAIN, LEVELS)
    with pytest.raises(error):
        await provider.models()
    server.fault = None
    assert await provider.score(PLAIN, LEVELS) is not None


async def test_a_missing_model_is_named_with_what_to_do(server: Server, make: Make) -> None:
    server.fault = Fault.NOT_FOUND
    with pytest.raises(PermanentError, match=r"404.*Pull the model in the admin, or set model"):
        await make().complete(PLAIN)
    health = await make().check()
    assert (health.ok, "404" in health.error, "Pull the model" in health.next_step) == (False, True, True)


async def test_a_check_tells_how_fast_it_is(server: Server, make: Make) -> None:
    health = await make().check()
    assert (health.ok, health.model, health.sample) == (True, "small", "Are you ready?")
    # Seven tokens in half a second.
    assert health.tokens_per_second == pytest.approx(14)


async def test_models_are_listed(make: Make) -> None:
    (model,) = await make().models()
    assert (model.name, model.size_bytes) == ("fake-model", 1)


async def test_offline_only_loopback_is_asked(server: Server, make: Make) -> None:
    await make(offline=True).complete(PLAIN)
    with pytest.raises(PermanentError, match="offline"):
        await make(offline=True, ollama_host="http://192.0.2.1:11434").complete(PLAIN)


async def follow(provider: Ollama, model: str) -> list[Pull]:
    """What is told until its end."""
    told = [await provider.pull(model)]
    async with asyncio.timeout(10):
        while told[-1].state == "running":
            await asyncio.sleep(0.02)
            told.append(await provider.pull(model))
    return told


async def test_a_model_is_fetched_with_progress(server: Server, make: Make) -> None:
    server.reports = [
        [
            {"status": "pulling manifest"},
            {"status": "pulling a", "digest": "a", "total": 100, "completed": 100},
            {"status": "pulling b", "digest": "b", "total": 50},
            {"status": "pulling b", "digest": "b", "total": 50, "completed": 50},
            {"status": "success"},
        ]
    ]
    told = await follow(make(), "qwen3:4b")
    assert told[0].state == "running"
    end = told[-1]
    assert (end.state, end.completed_bytes, end.total_bytes, end.detail) == ("done", 150, 150, "success")


async def test_a_pull_that_runs_is_joined(server: Server, make: Make) -> None:
    server.delay = 0.3
    provider = make()
    for _ in range(3):
        assert (await provider.pull("small")).state == "running"
        await asyncio.sleep(0.02)
    assert (await follow(provider, "small"))[-1].state == "done"
    assert sum(request.path == "/api/pull" for request in server.requests) == 1


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        ([{"status": "pulling manifest"}, {"error": "file does not exist"}], "file does not exist"),
        ([{"status": "pulling a", "digest": "a", "total": 9}], "ended its answer before"),
        ([{"status": 5}], "does not fetch it"),
    ],
)
async def test_a_pull_that_fails_says_why_and_may_be_tried_again(
    server: Server, make: Make, reports: list[dict[str, Any]], words: str
) -> None:
    server.reports = [reports, [{"status": "success"}]]
    provider = make()
    failed = (await follow(provider, "small"))[-1]
    assert (failed.state, words in failed.detail) == ("failed", True)
    assert (await follow(provider, "small"))[-1].state == "done"


async def test_a_long_pull_is_asked_for_anew_before_its_answer_is_too_long() -> None:
    told, closed = [], []

    async def report() -> AsyncGenerator[ProgressResponse, None]:
        told.append(0)
        try:
            while len(told) == 1:
                yield ProgressResponse(status="pulling a", digest="a", total=9, completed=1)
            yield ProgressResponse(status="success")
        finally:
            closed.append(len(told))

    async def fetch(model: str) -> AsyncGenerator[ProgressResponse, None]:
        return report()

    pulls = Pulls(fetch, lambda: (ValueError,))
    async with asyncio.timeout(20):
        while pulls.join("small").state == "running":
            await asyncio.sleep(0)
    assert (len(told), closed) == (2, [1, 2])


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.CUT, Fault.GARBAGE, Fault.SERVER_ERROR, Fault.NOT_FOUND])
async def test_a_fault_ends_a_pull(server: Server, make: Make, fault: Fault) -> None:
    server.fault = fault
    failed = (await follow(make(), "small"))[-1]
    assert (failed.state, bool(failed.detail)) == ("failed", True)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a b", "x" * 300, "-rf"])
async def test_a_name_that_is_none_is_refused(server: Server, make: Make, name: str) -> None:
    with pytest.raises(PermanentError, match="no name of a model"):
        await make().pull(name)
    assert server.requests == []


async def test_stopping_ends_what_is_being_fetched(server: Server) -> None:
    server.fault = Fault.HANG
    context = make_context(engine="ollama", ollama_host=server.url, model="small")
    (provider,) = taskflow_llm_providers(context)
    assert isinstance(provider, Ollama)
    await provider.pull("small")
    await asyncio.sleep(0.1)
    taskflow_stop(context)
    await asyncio.sleep(0.1)
    assert [task for task in asyncio.all_tasks() if "_run" in repr(task.get_coro())] == []
    await context.aclose()
