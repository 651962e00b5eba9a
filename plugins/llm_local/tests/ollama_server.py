"""A server that speaks Ollama's protocol as far as the plugin does, probabilities and fetching of models included."""

import json
import math
from collections.abc import Callable
from typing import Any

from taskflow.testing.servers import FakeOllama
from taskflow.testing.servers.http import Answer, Request


class Ollama(FakeOllama):
    """`alternatives` are the first token's probabilities; None: a server that is too old to tell them.

    `reports` are the lines that fetching a model answers, each time the next list; the last one again and again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.alternatives: dict[str, float] | None = {"high": 0.6, " Low": 0.1, "low": 0.2, "ur": 0.05, "\n": 0.05}
        self.reports: list[list[dict[str, Any]]] = [[{"status": "success"}]]

    def routes(self) -> dict[tuple[str, str], Callable[[Request], Answer]]:
        """The kit's, and those that fetch and tell probabilities."""
        return super().routes() | {("POST", "/api/pull"): self._pull, ("POST", "/api/chat"): self._score}

    def _score(self, request: Request) -> Answer:
        body = request.json()
        answer = super().routes()["POST", "/api/chat"](request)
        answer = Answer(answer.body | {"eval_duration": 500_000_000})
        if not body.get("logprobs") or self.alternatives is None:
            return answer
        listed = [{"token": token, "logprob": math.log(share)} for token, share in self.alternatives.items()]
        told = {"logprobs": [listed[0] | {"top_logprobs": listed[: body["top_logprobs"]]}]} if listed else {}
        return Answer(answer.body | told)

    def _pull(self, request: Request) -> Answer:
        reports = self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]
        lines = "".join(json.dumps(report) + "\n" for report in reports)
        return Answer(lines.encode(), headers={"Content-Type": "application/x-ndjson"})
