"""What a language model keeps to."""

import asyncio
from typing import Any, ClassVar

from pydantic import BaseModel

from taskflow.plugin_api import Completion, CompletionRequest, Health, Kind
from taskflow.testing.contracts.checks import CheckContract
from taskflow.testing.promises import promise
from taskflow.testing.servers import FakeLLM, FakeOpenAI, FakeServer

_SCHEMA = {"type": "object", "properties": {"level": {"type": "string"}}, "required": ["level"]}


class LLMProviderContract(CheckContract):
    """`PluginContract`, and what `taskflow_llm_providers` promises of its objects."""

    kind: ClassVar[Kind] = Kind.LLM_PROVIDER
    server_type: ClassVar[type[FakeServer] | None] = FakeOpenAI

    def make_arguments(self, server: Any, mark: str) -> tuple[BaseModel, ...]:
        """A request whose prompt holds `mark`."""
        return (CompletionRequest(system="Answer in one word.", prompt=f"How urgent is {mark}?"),)

    def check_overlapping(self, marks: list[str], answers: list[Any], server: Any) -> None:
        """Each prompt came back in its own answer."""
        if isinstance(server, FakeLLM):
            for mark, answer in zip(marks, answers, strict=True):
                promise(mark in answer.text, f"Of overlapping calls one got another's answer: {answer.text[:100]!r}")

    def check_healthy(self, found: Health, backend: Any) -> None:
        """There is a piece of a real answer to show."""
        promise(bool(found.sample.strip()), "check() has no sample of an answer: Health.sample.")

    def _complete(self, server: Any, **fields: Any) -> Completion:
        """The answer to a request with these fields."""
        (request,) = self.make_arguments(server, "mark")

        async def use() -> Completion:
            async with self.opened(server) as (subject, _):
                answered: Completion = await self.answer(subject, (request.model_copy(update=fields),))
                return answered

        return asyncio.run(use())

    def test_a_good_answer(self, server: Any) -> None:
        if isinstance(server, FakeLLM):
            server.reply = lambda prompt: "high – höchste Zeit"
        found = self._complete(server)
        promise(bool(found.text.strip()), "The answer has no text.")
        if isinstance(server, FakeLLM):
            promise(found.text.strip() == "high – höchste Zeit", f"The answer became {found.text[:100]!r}.")
            promise(not found.truncated, "A whole answer is called truncated.")
            counted = found.usage is None or (found.usage.prompt_tokens, found.usage.completion_tokens) == server.usage
            promise(counted, f"The server counted {server.usage} tokens, the answer says {found.usage}.")
            sent = " ".join(request.body.decode() for request in server.requests)
            promise("mark" in sent and "in one word" in sent, "System and prompt must both reach the model.")

    def test_an_answer_that_ended_for_want_of_tokens_says_so(self, backend: Any) -> None:
        if isinstance(backend, FakeLLM):
            backend.cut_short = True
            promise(self._complete(backend, max_tokens=1).truncated, "It ended for want of tokens: truncated=True.")

    def test_a_request_may_name_another_model(self, backend: Any) -> None:
        self._complete(backend, model="another-model")
        if isinstance(backend, FakeLLM):
            asked = any(b"another-model" in request.body for request in backend.requests)
            promise(asked, "A request's own model is not passed on.")

    def test_a_request_may_ask_for_json(self, server: Any) -> None:
        if isinstance(server, FakeLLM):
            server.reply = lambda prompt: '{"level": "high"}'
        promise(bool(self._complete(server, json_schema=_SCHEMA).text.strip()), "The answer has no text.")
