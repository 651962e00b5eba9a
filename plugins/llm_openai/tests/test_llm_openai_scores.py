"""How probable choices are, by the alternatives that a server tells; against a real server on loopback."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from openai_server import Make, Reply, Server, providers, refuses, says, tells

from taskflow.plugin_api import CompletionRequest, PermanentError, Scorer, TransientError, Usage

LEVELS = ("low", "medium", "high", "urgent")
REQUEST = CompletionRequest(system="One word.", prompt="Pay rent", max_tokens=1)
EVEN = {"low": 0.4, "medium": 0.3, "high": 0.2, "urgent": 0.1}


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
async def make(server: Server) -> AsyncIterator[Make]:
    async with providers(server) as make:
        yield make


async def score(server: Server, make: Make, *positions: dict[str, float]) -> tuple[float, ...] | None:
    """The probabilities of the levels for an answer with these alternatives."""
    server.answer(tells(*positions))
    scores = await make().score(REQUEST, LEVELS)
    return None if scores is None else scores.probabilities


async def test_a_model_is_asked_for_one_word_and_its_alternatives(server: Server, make: Make) -> None:
    server.answer(tells(EVEN))
    provider = make()
    assert isinstance(provider, Scorer)
    scores = await provider.score(REQUEST.model_copy(update={"json_schema": {"type": "object"}}), LEVELS)
    assert scores is not None
    assert scores.probabilities == pytest.approx((0.4, 0.3, 0.2, 0.1))
    assert (scores.model, scores.usage) == ("small-2026", Usage(prompt_tokens=12, completion_tokens=3))
    (request,) = server.requests
    assert (request["logprobs"], request["top_logprobs"], request["max_tokens"]) == (True, 20, 1)
    assert "response_format" not in request


async def test_a_completion_asks_for_no_alternatives(server: Server, make: Make) -> None:
    await make().complete(REQUEST)
    assert not {"logprobs", "top_logprobs"} & set(server.requests[0])


@pytest.mark.parametrize(
    "tokens",
    [
        {"low": 0.4, " medium": 0.3, "High": 0.2, "URGENT": 0.1},
        {"lo": 0.4, " med": 0.3, "h": 0.2, "ur": 0.1},
        {"▁low": 0.4, "Ġmedium": 0.3, '"high': 0.2, "**urgent": 0.1},
        {"low": 0.25, " Low": 0.15, "medium": 0.3, "hi": 0.15, "high": 0.05, "urgent.": 0.1},
        # Mass elsewhere changes nothing among the choices.
        {"The": 0.5, "low": 0.2, "medium": 0.15, "high": 0.1, "urgent": 0.05},
    ],
    ids=["words", "beginnings", "as tokenisers write them", "summed", "beside others"],
)
async def test_tokens_stand_for_the_choice_that_they_begin(
    server: Server, make: Make, tokens: dict[str, float]
) -> None:
    assert await score(server, make, tokens) == pytest.approx((0.4, 0.3, 0.2, 0.1))


async def test_a_token_that_begins_two_choices_counts_for_neither(server: Server, make: Make) -> None:
    server.answer(tells({"m": 0.5, "minor": 0.3, "major": 0.1, "trivial": 0.1}))
    scores = await make().score(REQUEST, ("minor", "major", "trivial"))
    assert scores is not None
    assert scores.probabilities == pytest.approx((0.6, 0.2, 0.2))


async def test_an_absent_choice_gets_its_share_of_what_is_left(server: Server, make: Make) -> None:
    # 0.04 is left for two.
    found = await score(server, make, {"low": 0.6, "high": 0.36})
    assert found == pytest.approx((0.6, 0.02, 0.36, 0.02))


async def test_an_absent_choice_is_no_more_probable_than_the_least_that_was_named(server: Server, make: Make) -> None:
    found = await score(server, make, {"low": 0.5, "the": 0.1, "high": 0.01})
    assert found == pytest.approx(tuple(p / 0.53 for p in (0.5, 0.01, 0.01, 0.01)))


@pytest.mark.parametrize(("low", "told"), [(0.04, False), (0.06, True)])
async def test_a_few_letters_of_other_words_are_no_answer(server: Server, make: Make, low: float, told: bool) -> None:
    found = await score(server, make, {"The": 0.9, "L": low})
    assert (found is not None) == told


async def test_blanks_before_the_word_are_passed_over(server: Server, make: Make) -> None:
    assert await score(server, make, {"\n": 0.9, "low": 0.1}, EVEN) == pytest.approx((0.4, 0.3, 0.2, 0.1))
    assert await score(server, make, {"\n": 0.7, "low": 0.2, "high": 0.1}) is not None


async def test_a_server_that_names_the_said_token_alone_is_understood(server: Server, make: Make) -> None:
    said = {"token": " high", "logprob": math.log(0.7), "top_logprobs": []}
    server.answer(says("high", logprobs={"content": [said]}))
    scores = await make().score(REQUEST, LEVELS)
    assert scores is not None
    assert scores.probabilities == pytest.approx((0.1, 0.1, 0.7, 0.1))


@pytest.mark.parametrize(
    ("most", "asked"), [(5, [20, 5]), (0, [20, 5, None])], ids=["gives five at most", "gives none at all"]
)
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("words", ["top_logprobs: not allowed", "invalid request"])
async def test_refused_alternatives_are_found_out_once(
    server: Server, make: Make, most: int, asked: list[int | None], status: int, words: str
) -> None:
    server.script = lambda r: refuses(status, words) if r.get("top_logprobs", 0) > most else tells(EVEN)
    server.script = _without_logprobs(server.script) if most == 0 else server.script
    provider = make()
    found = await provider.score(REQUEST, LEVELS)
    assert [request.get("top_logprobs") for request in server.requests] == asked
    assert (found is None) == (most == 0)
    server.requests.clear()
    again = await provider.score(REQUEST, LEVELS)
    assert [request.get("top_logprobs") for request in server.requests] == ([5] if most else [])
    assert again == found


def _without_logprobs(script: Any) -> Any:
    return lambda request: says("high") if "logprobs" not in request else script(request)


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        {},
        {"content": None},
        {"content": []},
        {"content": [None]},
        {"content": [{"token": "high"}]},
        {"content": [{"token": 5, "logprob": -1}]},
        {"content": [{"token": "high", "logprob": float("nan")}]},
        {"content": [{"token": "high", "logprob": 3.0}]},
        {"content": [{"token": "high", "logprob": True, "top_logprobs": [{"token": "low", "logprob": "-1"}]}]},
    ],
)
async def test_a_server_that_silently_gives_none_is_asked_once(server: Server, make: Make, logprobs: Any) -> None:
    server.answer(says("high", logprobs=logprobs))
    provider = make()
    assert await provider.score(REQUEST, LEVELS) is None
    assert await provider.score(REQUEST, LEVELS) is None
    assert len(server.requests) == 1
    assert (await provider.complete(REQUEST)).text == "high"


async def test_what_is_found_out_is_of_one_model(server: Server, make: Make) -> None:
    server.script = lambda r: says("high") if r["model"] == "small" else tells(EVEN)
    provider = make()
    assert await provider.score(REQUEST, LEVELS) is None
    assert await provider.score(REQUEST.model_copy(update={"model": "large"}), LEVELS) is not None


async def test_new_settings_ask_again(server: Server, make: Make) -> None:
    server.answer(says("high"))
    assert await make().score(REQUEST, LEVELS) is None
    server.answer(tells(EVEN))
    assert await make().score(REQUEST, LEVELS) is not None


async def test_a_model_that_never_begins_with_a_choice_is_given_up(server: Server, make: Make) -> None:
    server.answer(tells({"<think>": 0.99, "Okay": 0.01}))
    provider = make()
    for _ in range(5):
        assert await provider.score(REQUEST, LEVELS) is None
    assert len(server.requests) == 3


async def test_one_task_that_confuses_a_model_does_not_end_its_scores(server: Server, make: Make) -> None:
    confused = tells({"Sorry": 0.9})
    server.answer(confused, confused, tells(EVEN), confused, confused, tells(EVEN))
    provider = make()
    found = [await provider.score(REQUEST, LEVELS) is not None for _ in range(6)]
    assert found == [False, False, True, False, False, True]


async def test_a_prompt_that_is_refused_as_such_is_permanent_and_says_nothing_of_scores(
    server: Server, make: Make
) -> None:
    server.answer(refuses(400, "the request exceeds the available context size"))
    provider = make()
    with pytest.raises(PermanentError, match="context size"):
        await provider.score(REQUEST, LEVELS)
    server.answer(tells(EVEN))
    assert await provider.score(REQUEST, LEVELS) is not None
    assert server.requests[-1]["top_logprobs"] == 20


async def test_a_reasoning_model_is_put_to_in_its_own_parameters(server: Server, make: Make) -> None:
    def script(request: dict[str, Any]) -> Reply:
        if "max_tokens" in request:
            return refuses(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        if "temperature" in request:
            return refuses(400, "Unsupported value: 'temperature' does not support 0 with this model.")
        if "logprobs" in request:
            return refuses(400, "You are not allowed to request logprobs from this model")
        if request["max_completion_tokens"] < 200:
            return refuses(400, "Could not finish the message because max_tokens or model output limit was reached.")
        return says("high")

    server.script = script
    provider = make()
    assert await provider.score(REQUEST, LEVELS) is None
    assert len(server.requests) <= 8
    server.requests.clear()
    assert await provider.score(REQUEST, LEVELS) is None
    assert (await provider.complete(REQUEST)).text == "high"
    assert [request["max_completion_tokens"] for request in server.requests] == [256]


async def test_a_server_that_wants_room_for_more_tokens_gets_it(server: Server, make: Make) -> None:
    server.script = lambda r: (
        tells(EVEN) if r["max_tokens"] >= 16 else refuses(400, "Invalid 'max_tokens': below minimum value of 16 tokens")
    )
    provider = make()
    for _ in range(2):
        assert await provider.score(REQUEST, LEVELS) is not None
    assert [(r["max_tokens"], r["top_logprobs"]) for r in server.requests] == [(1, 20), (16, 20), (16, 20)]


async def test_what_overlapping_calls_find_out_is_put_together(server: Server, make: Make) -> None:
    def script(request: dict[str, Any]) -> Reply:
        wanted = "response_format" if "response_format" in request else "logprobs"
        reply = refuses(400, f"{wanted}: no") if wanted in request else says("{}")
        return Reply(reply.status, reply.body, delay=0.1)

    server.script = script
    provider = make()
    formed = REQUEST.model_copy(update={"json_schema": {"type": "object"}})
    await asyncio.gather(provider.score(REQUEST, LEVELS), provider.complete(formed))
    server.requests.clear()
    await provider.complete(formed)
    assert await provider.score(REQUEST, LEVELS) is None
    assert len(server.requests) == 1


async def test_overlapping_scores_are_each_their_own(server: Server, make: Make) -> None:
    server.script = lambda r: tells({r["messages"][1]["content"]: 0.9, "other": 0.1})
    provider = make()
    requests = [REQUEST.model_copy(update={"prompt": level}) for level in LEVELS]
    found = await asyncio.gather(*(provider.score(request, LEVELS) for request in requests))
    likeliest = [scores.probabilities.index(max(scores.probabilities)) for scores in found if scores is not None]
    assert likeliest == [0, 1, 2, 3]


async def test_scores_are_asked_for_again_when_the_server_says(server: Server, make: Make) -> None:
    server.answer(refuses(429, "Too many", retry_after="0.1"), tells(EVEN))
    assert await make(max_retries=1).score(REQUEST, LEVELS) is not None


async def test_slow_scores_are_left_after_the_time_limit(server: Server, make: Make) -> None:
    server.answer(Reply(body={}, delay=1.5))
    with pytest.raises(TransientError, match=r"within 0\.5 seconds"):
        await make(timeout_s=0.5).score(REQUEST, LEVELS)
