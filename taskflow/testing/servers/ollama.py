"""A fake of Ollama's own interface."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from taskflow.testing.servers.http import Answer, Request
from taskflow.testing.servers.llm import FakeLLM


class FakeOllama(FakeLLM):
    """`POST /api/chat` (a stream unless `"stream": false`), `GET /api/tags` and `GET /api/version`."""

    wrong_shapes: ClassVar[tuple[Any, ...]] = (
        {},
        [],
        None,
        {"message": None},
        {"message": {}},
        {"message": {"content": 5}},
    )

    def routes(self) -> dict[tuple[str, str], Callable[[Request], Answer]]:
        """The three that it has."""
        return {
            ("POST", "/api/chat"): self._chat,
            ("GET", "/api/tags"): self._tags,
            ("GET", "/api/version"): lambda request: Answer({"version": "0.12.0"}),
        }

    def _tags(self, request: Request) -> Answer:
        return Answer({"models": [{"name": self.model, "model": self.model, "size": 1}]})

    def _chat(self, request: Request) -> Answer:
        body = request.json()
        text, (asked, said) = self.say(body), self.usage
        common = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z"}
        end: dict[str, Any] = {"done": True, "done_reason": "length" if self.cut_short else "stop"}
        end |= {"prompt_eval_count": asked, "eval_count": said}
        if body.get("stream", True) is False:
            return Answer(common | {"message": {"role": "assistant", "content": text}} | end)
        pieces = [
            common | {"message": {"role": "assistant", "content": part}, "done": False} for part in (text[:3], text[3:])
        ]
        last = common | {"message": {"role": "assistant", "content": ""}} | end
        lines = "".join(json.dumps(piece) + "\n" for piece in [*pieces, last])
        return Answer(lines.encode(), headers={"Content-Type": "application/x-ndjson"})
