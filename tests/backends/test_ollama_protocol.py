"""The official `ollama` client against a server that speaks its protocol: a proxy before llama.cpp's server.

It is Ollama's protocol, not Ollama. What the proxy does otherwise is pinned here, so that nobody takes it for Ollama's.
"""

import asyncio
import json
from collections.abc import Iterator

import ollama as official
import pytest

from tests.backends.servers import Server

pytestmark = pytest.mark.once

SCHEMA = {
    "type": "object",
    "properties": {"priority": {"type": "string", "enum": ["low", "medium", "high", "urgent"]}},
    "required": ["priority"],
    "additionalProperties": False,
}
ASKED = [
    {"role": "system", "content": "Answer with one word: low, medium, high or urgent."},
    {"role": "user", "content": "Pay rent"},
]


@pytest.fixture
def client(ollama: Server) -> Iterator[official.Client]:
    with official.Client(host=ollama.url, timeout=60) as client:
        yield client


def test_a_chat_by_a_schema_keeps_to_it(client: official.Client, ollama: Server) -> None:
    answer = client.chat(ollama.model, ASKED, format=SCHEMA, options={"temperature": 0, "num_predict": 40})
    assert json.loads(answer.message.content or "")["priority"] in {"low", "medium", "high", "urgent"}
    assert (answer.done, answer.model) == (True, ollama.model)


def test_a_chat_without_a_schema_is_a_text_of_limited_length(client: official.Client, ollama: Server) -> None:
    answer = client.chat(ollama.model, ASKED, options={"temperature": 0, "num_predict": 3})
    assert (answer.message.content or "").strip()
    # Ollama would say "length" where the limit ended it, and count tokens; the proxy counts words.
    assert answer.done_reason == "stop"
    assert answer.prompt_eval_count == sum(len(message["content"].split()) for message in ASKED)


def test_a_chat_comes_in_pieces(client: official.Client, ollama: Server) -> None:
    *pieces, last = client.chat(ollama.model, ASKED, stream=True, options={"num_predict": 5})
    assert "".join(piece.message.content or "" for piece in pieces).strip()
    assert [piece.done for piece in pieces] == [False] * len(pieces)
    assert last.done


def test_models_are_listed(client: official.Client, ollama: Server) -> None:
    assert ollama.model in [model.model for model in client.list().models]


def test_a_model_is_pulled_with_progress(client: official.Client, ollama: Server) -> None:
    # Ollama counts bytes meanwhile; the proxy has nothing to fetch and says so at once, of any name.
    steps = list(client.pull(ollama.model, stream=True))
    assert [step.status for step in steps][-1] == "success"
    assert len(steps) > 1
    assert {step.total for step in steps} == {None}
    assert client.pull("no-such-model").status == "success"


def test_a_prompt_that_is_too_long_is_an_error_in_the_servers_words(client: official.Client, ollama: Server) -> None:
    long = [{"role": "user", "content": "rent " * 3_000}]
    with pytest.raises(official.ResponseError, match="exceeds the available context size") as caught:
        client.chat(ollama.model, long, options={"num_predict": 1})
    # Ollama cuts it, or answers 400.
    assert caught.value.status_code == 502


def test_an_unknown_model_is_not_noticed(client: official.Client) -> None:
    """Ollama answers 404; llama.cpp behind the proxy answers under any name."""
    answer = client.chat("local/no-such-model", ASKED, options={"num_predict": 1})
    assert answer.model == "local/no-such-model"
    # What the proxy itself does not route it fails on.
    with pytest.raises(official.ResponseError) as caught:
        client.chat("no-such-model", ASKED, options={"num_predict": 1})
    assert caught.value.status_code == 500


def test_alternatives_are_asked_for_in_vain(client: official.Client, ollama: Server) -> None:
    """Ollama gives them since 0.12.11; the proxy leaves the wish out."""
    answer = client.chat(ollama.model, ASKED, logprobs=True, top_logprobs=5, options={"num_predict": 1})
    assert answer.logprobs is None


async def test_overlapping_chats_are_each_answered(ollama: Server) -> None:
    async with official.AsyncClient(host=ollama.url, timeout=60) as client:
        answers = await asyncio.gather(
            *(client.chat(ollama.model, ASKED, format=SCHEMA, options={"temperature": 0}) for _ in range(2))
        )
    for answer in answers:
        assert set(json.loads(answer.message.content or "")) == {"priority"}
