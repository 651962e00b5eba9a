"""What the fake language models have in common: what they say, and how they are told what to say."""

from collections.abc import Callable
from typing import Any, ClassVar

from taskflow.testing.servers.http import Answer, FakeHTTP, Request

_TEN_MEGABYTES = 10_000_000


class FakeLLM(FakeHTTP):
    """A model that repeats the user's last message, until `reply` is set to something else."""

    answers_matter: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        #: The model that it has. It answers under any name.
        self.model = "fake-model"
        #: The text that it answers to a user's last message.
        self.reply: Callable[[str], str] = _repeat
        #: Says that the answer ended for want of tokens.
        self.cut_short = False
        #: Tokens that it counted in the question and in the answer.
        self.usage = (11, 7)

    def answer(self, request: Request) -> Answer:
        """A good answer of one of its routes, or 404."""
        route = self.routes().get((request.method, request.path.partition("?")[0]))
        if route is None:
            return Answer(self.refusal(404, f"There is no {request.method} {request.path[:200]}"), 404)
        try:
            return route(request)
        except (ValueError, LookupError, TypeError) as error:
            return Answer(self.refusal(400, f"{type(error).__name__}: {error}"), 400)

    def routes(self) -> dict[tuple[str, str], Callable[[Request], Answer]]:
        """What answers a method and a path."""
        raise NotImplementedError

    def ten_megabytes(self, request: Request) -> Answer:
        """Its usual answer with ten megabytes of text."""
        usual, self.reply = self.reply, lambda prompt: "x" * _TEN_MEGABYTES
        try:
            return self.answer(request)
        finally:
            self.reply = usual

    def say(self, body: dict[str, Any]) -> str:
        """The text for a request's messages; `ValueError` where there are none or they have no content."""
        messages = body["messages"]
        if not isinstance(messages, list) or not messages:
            raise ValueError("messages must be a list that is not empty")
        if not all(isinstance(message["role"], str) and isinstance(message["content"], str) for message in messages):
            raise ValueError("each message has a role and a content")
        if not isinstance(body["model"], str) or not body["model"]:
            raise ValueError("model must be a name")
        return self.reply(next((m["content"] for m in reversed(messages) if m["role"] == "user"), ""))


def _repeat(prompt: str) -> str:
    return prompt
