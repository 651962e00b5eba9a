"""llm_openai against a real llama.cpp server with a real model: what fakes say that servers do is what one does."""

import asyncio
import json
import math
import time
from datetime import UTC, datetime
from pathlib import Path

import openai
import pytest

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.prompts import Asked, build_choice, build_prompt
from taskflow.plugin_api import CompletionRequest, PermanentError, TransientError
from tests.backends.conftest import Make
from tests.backends.servers import Server, llama_server

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SHORT = CompletionRequest(system="Answer in one short sentence.", prompt="What is rent?", max_tokens=12)
#: What it answers goes on for ten seconds.
LONG = CompletionRequest(system="Count.", prompt="Write the numbers from 1 to 900, with commas.", max_tokens=900)
CHOICE = CompletionRequest(system="Answer with one word: low, medium, high or urgent.", prompt="Pay rent", max_tokens=1)
#: A schema that llama.cpp makes no grammar of.
ODD = {"type": "object", "properties": {"level": {"type": "level"}}, "required": ["level"]}


def asked(title: str = "Pay rent") -> Asked:
    return Asked(facts=TaskFacts(title=title, project="Home", created_at=NOW), now=NOW)


@pytest.fixture
def client(llama: Server) -> openai.OpenAI:
    """The official client, by itself."""
    return openai.OpenAI(base_url=f"{llama.url}/v1", api_key="none", timeout=60, max_retries=0)


async def test_a_completion_is_a_real_answer_with_its_usage(make: Make, llama: Server) -> None:
    answer = await make().complete(SHORT)
    assert answer.text.strip()
    assert answer.model == llama.model
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 10
    assert 1 <= answer.usage.completion_tokens <= 12
    assert answer.truncated == (answer.usage.completion_tokens == 12)


async def test_an_answer_that_ended_for_want_of_tokens_says_so(make: Make) -> None:
    answer = await make().complete(SHORT.model_copy(update={"max_tokens": 2}))
    assert answer.truncated
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 2


async def test_the_prompt_of_a_suggestion_is_answered_by_its_schema(make: Make) -> None:
    answer = await make().complete(build_prompt(asked()))
    read = json.loads(answer.text)
    assert read["priority"] in LEVELS
    assert type(read["confidence"]) in {int, float}
    assert set(read) == {"priority", "confidence"}
    assert not answer.truncated


async def test_a_schema_that_it_refuses_falls_back_to_some_json_and_that_is_remembered(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "httpx")
    provider, request = make(), SHORT.model_copy(update={"json_schema": ODD, "max_tokens": 12})
    for _ in range(2):
        assert (await provider.complete(request)).text.lstrip().startswith("{")
    statuses = [record.getMessage().rpartition("HTTP/1.1 ")[2][:3] for record in caplog.records]
    assert statuses == ["400", "200", "200"]


async def test_scores_are_the_models_own_probabilities(make: Make, client: openai.OpenAI) -> None:
    scores = await make().score(CHOICE, LEVELS)
    assert scores is not None
    raw = client.chat.completions.create(
        model="smollm2",
        messages=[{"role": "system", "content": CHOICE.system}, {"role": "user", "content": CHOICE.prompt}],
        max_tokens=1,
        temperature=0,
        logprobs=True,
        top_logprobs=20,
    )
    assert raw.choices[0].logprobs is not None
    assert raw.choices[0].logprobs.content is not None
    first = raw.choices[0].logprobs.content[0]
    named = {token.token: math.exp(token.logprob) for token in first.top_logprobs}
    assert len(named) == 20
    mass = {
        level: sum(p for token, p in named.items() if token.strip() and level.startswith(token.strip().lower()))
        for level in LEVELS
    }
    present = [level for level in LEVELS if mass[level]]
    assert "low" in present
    got = dict(zip(LEVELS, scores.probabilities, strict=True))
    for level in present:
        assert got[level] / got["low"] == pytest.approx(mass[level] / mass["low"], rel=0.02)
    assert sum(scores.probabilities) == pytest.approx(1)
    assert scores.model == "smollm2"
    assert scores.usage is not None
    assert scores.usage.completion_tokens == 1


async def test_scores_follow_what_the_model_is_told(make: Make) -> None:
    provider = make()
    found = {}
    for level in ("low", "urgent"):
        told = CHOICE.model_copy(update={"prompt": f"Priority: {level}"})
        scores = await provider.score(told, LEVELS)
        assert scores is not None
        found[level] = dict(zip(LEVELS, scores.probabilities, strict=True))
    assert found["urgent"]["urgent"] > found["low"]["urgent"]
    assert found["low"]["low"] > found["urgent"]["low"]


async def test_scores_cost_one_token_and_are_the_same_again(make: Make) -> None:
    provider = make()
    first, again = [await provider.score(CHOICE, LEVELS) for _ in range(2)]
    assert first is not None
    assert again is not None
    assert first.probabilities == pytest.approx(again.probabilities, abs=0.02)
    assert first.usage is not None
    assert first.usage.completion_tokens == 1


async def test_the_prompt_of_a_choice_is_scored_or_left_to_json(make: Make) -> None:
    """A model as small as this one may begin with something else than a level, whatever it is told."""
    scores = await make().score(build_choice(asked()), LEVELS)
    assert scores is None or sum(scores.probabilities) == pytest.approx(1)


async def test_a_model_that_begins_otherwise_is_given_up_and_still_completes(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "httpx")
    provider = make()
    story = CHOICE.model_copy(update={"system": "You are a poet.", "prompt": "Tell a long story."})
    assert [await provider.score(story, LEVELS) for _ in range(5)] == [None] * 5
    assert len(caplog.records) == 3
    assert (await provider.complete(story)).text


async def test_a_check_tells_model_sample_and_speed(make: Make, llama: Server) -> None:
    health = await make().check()
    assert (health.ok, health.model) == (True, llama.model)
    assert health.sample.strip()
    assert health.tokens_per_second is not None
    assert 0.5 < health.tokens_per_second < 10_000


async def test_it_answers_under_any_name_and_says_which_model_it_was(make: Make, llama: Server) -> None:
    """Unlike OpenAI's: a name that is wrong is not noticed, so what answered is what is shown."""
    answer = await make(model="no-such-model").complete(SHORT)
    assert answer.model == llama.model
    assert (await make(model="no-such-model").check()).model == llama.model


async def test_empty_messages_are_answered(make: Make, client: openai.OpenAI) -> None:
    """Unlike OpenAI's, which refuses them."""
    empty = await make().complete(CompletionRequest(system="", prompt="", max_tokens=2))
    assert empty.usage is not None
    whole = client.chat.completions.create(model="smollm2", messages=[], max_tokens=2)
    assert whole.choices[0].message.role == "assistant"


@pytest.mark.parametrize("schema", [None, {"type": "object", "properties": {"level": {"type": "string"}}}])
async def test_a_prompt_that_is_too_long_is_permanent_in_the_servers_words(
    make: Make, schema: dict[str, object] | None
) -> None:
    provider = make()
    request = SHORT.model_copy(update={"prompt": "rent " * 3_000, "json_schema": schema})
    with pytest.raises(PermanentError, match="exceeds the available context size"):
        await provider.complete(request)
    with pytest.raises(PermanentError, match="exceeds the available context size"):
        await provider.score(request, LEVELS)
    assert await provider.score(CHOICE, LEVELS) is not None


async def test_overlapping_calls_are_each_answered(make: Make) -> None:
    provider = make()
    prompts = [f"Priority: {level}" for level in ("low", "urgent")]
    requests = [CHOICE.model_copy(update={"prompt": prompt}) for prompt in prompts]
    alone = [await provider.score(request, LEVELS) for request in requests]
    scores, answer = await asyncio.gather(
        asyncio.gather(*(provider.score(request, LEVELS) for request in requests)), provider.complete(SHORT)
    )
    assert answer.text.strip()
    for one, other in zip(alone, scores, strict=True):
        assert one is not None
        assert other is not None
        assert one.probabilities == pytest.approx(other.probabilities, abs=0.02)


async def test_a_call_ends_at_its_time_limit_and_the_server_goes_on(make: Make) -> None:
    began = time.monotonic()
    with pytest.raises(TransientError, match=r"within 1 seconds"):
        await make(timeout_s=1).complete(LONG)
    assert time.monotonic() - began < 3
    # It noticed that nobody listens any more: with the story going on it would still answer, but not at once.
    assert await make().score(CHOICE, LEVELS) is not None


async def test_a_server_that_is_killed_while_it_answers_is_transient(make: Make, tmp_path: Path) -> None:
    with llama_server(tmp_path) as server:
        provider = make(base_url=f"{server.url}/v1")
        assert await provider.score(CHOICE, LEVELS) is not None
        call = asyncio.create_task(provider.complete(LONG))
        await asyncio.sleep(0.5)
        assert not call.done()
        server.process.kill()
        with pytest.raises(TransientError):
            await call
        health = await provider.check()
        assert not health.ok
        assert "base_url" in health.next_step
