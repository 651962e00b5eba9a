"""A fake of a server that speaks OpenAI's Chat Completions."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from taskflow.testing.servers.http import Answer, Request
from taskflow.testing.servers.llm import FakeLLM

_NO_CONTENT = {"choices": [{"index": 0, "message": {"role": "assistant", "content": 5}, "finish_reason": "stop"}]}


class FakeOpenAI(FakeLLM):
    """`POST /v1/chat/completions` (whole or as a stream) and `GET /v1/models`. Its `url` ends in `/v1`."""

    wrong_shapes: ClassVar[tuple[Any, ...]] = (
        {},
        [],
        None,
        {"choices": []},
        {"choices": {}},
        {"choices": [None]},
        {"choices": [{"message": None}]},
        _NO_CONTENT,
    )

    @property
    def url(self) -> str:
        """What is called the base URL."""
        return f"{super().url}/v1"

    def routes(self) -> dict[tuple[str, str], Callable[[Request], Answer]]:
        """The two that it has."""
        return {("POST", "/v1/chat/completions"): self._complete, ("GET", "/v1/models"): self._models}

    def refusal(self, status: int, text: str) -> Any:
        """OpenAI's form of an error."""
        return {"error": {"message": text, "type": "invalid_request_error", "param": None, "code": None}}

    def _models(self, request: Request) -> Answer:
        return Answer({"object": "list", "data": [{"id": self.model, "object": "model", "owned_by": "fake"}]})

    def _complete(self, request: Request) -> Answer:
        body = request.json()
        text, finish = self.say(body), "length" if self.cut_short else "stop"
        asked, said = self.usage
        whole = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": body["model"],
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
            "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
        }
        return _stream(whole) if body.get("stream") else Answer(whole)


def _stream(whole: dict[str, Any]) -> Answer:
    """The same answer in server-sent events: the text in two pieces, then why it ended, then the usage."""
    (choice,) = whole["choices"]
    text = choice["message"]["content"]
    deltas = [({"role": "assistant", "content": text[:3]}, None), ({"content": text[3:]}, None)]
    events = [
        whole | {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in [*deltas, ({}, choice["finish_reason"])]
    ]
    for event in events:
        del event["usage"]
    events.append(whole | {"object": "chat.completion.chunk", "choices": []})
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    return Answer(lines.encode(), headers={"Content-Type": "text/event-stream"})
