"""What a model on a server understands of Chat Completions: found out by asking, from the most wished for downwards."""

import json
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from taskflow.plugin_api import CompletionRequest

#: How many alternatives of a token are asked for: the most that OpenAI gives, what stricter servers give, none.
_ALTERNATIVES = (20, 5, 0)
#: The fewest tokens that an answer gets, where a server finds a request's own limit too low.
_ROOM = (1, 16, 256, 1_024)
_TOO_FEW = ("minimum", "at least", "higher", "greater than", ">=", "limit was reached")


class Form(IntEnum):
    """How the server is made to keep to a JSON schema, strongest first."""

    #: It allows no token outside of the schema.
    SCHEMA = 0
    #: It answers with some JSON; the schema stands in the instructions.
    OBJECT = 1
    #: The instructions are all.
    TEXT = 2


@dataclass(frozen=True, slots=True)
class Question:
    """A request to one model; `scored` where the alternatives of what it says are what matters."""

    request: CompletionRequest
    model: str
    scored: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to put a question."""

    form: Form = Form.SCHEMA
    #: `max_tokens` is what nearly all servers know; OpenAI's reasoning models want `max_completion_tokens`.
    limit: str = "max_tokens"
    #: Tokens that the limit is at least: models that think first want some, whatever is to be answered.
    room: int = _ROOM[0]
    #: Reasoning models refuse any but their own.
    temperature: bool = True
    #: How many alternatives of each token it tells with their probabilities.
    alternatives: int = _ALTERNATIVES[0]

    def put(self, question: Question) -> dict[str, Any]:
        """The arguments of Chat Completions."""
        request = question.request
        arguments: dict[str, Any] = {
            "model": question.model,
            "messages": [
                {"role": "system", "content": self._instructions(request)},
                {"role": "user", "content": request.prompt},
            ],
            self.limit: max(request.max_tokens, self.room),
        }
        if self.temperature:
            arguments["temperature"] = request.temperature
        if question.scored and self.alternatives:
            arguments |= {"logprobs": True, "top_logprobs": self.alternatives}
        if request.json_schema is not None and self.form is Form.SCHEMA:
            schema = {"name": "answer", "schema": request.json_schema, "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.json_schema is not None and self.form is Form.OBJECT:
            arguments["response_format"] = {"type": "json_object"}
        return arguments

    def next(self, question: Question, refusal: str) -> "Dialect | None":
        """What to try after a refusal in these words; None when nothing is left that could matter.

        Servers word a refused format, or refused alternatives, in many ways, so a refusal that names none of the other
        parameters is taken for one of those. What is learned from that is kept only if the next try succeeds.
        """
        request = question.request
        if "max_completion_tokens" in refusal and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if "temperature" in refusal and self.temperature:
            return replace(self, temperature=False)
        more = next((room for room in _ROOM if room > max(request.max_tokens, self.room)), None)
        if more is not None and _wants_more(refusal.lower()):
            return replace(self, room=more)
        if question.scored and self.alternatives:
            return replace(self, alternatives=next(count for count in _ALTERNATIVES if count < self.alternatives))
        if request.json_schema is not None and self.form is not Form.TEXT:
            return replace(self, form=Form(self.form + 1))
        return None

    def _instructions(self, request: CompletionRequest) -> str:
        if request.json_schema is None or self.form is Form.SCHEMA:
            return request.system
        schema = json.dumps(request.json_schema, ensure_ascii=False)
        return f"{request.system}\n\nAnswer with one JSON object and nothing else. Its JSON schema: {schema}"


def _wants_more(refusal: str) -> bool:
    return "token" in refusal and any(words in refusal for words in _TOO_FEW)


class Dialects:
    """What was found to work, by model, for as long as the settings live."""

    #: The models that are asked for are an administrator's choice, a handful.
    _MOST = 50
    #: Answers in a row that begin with none of the choices, after which a model is not asked for alternatives any more.
    _MISSES = 3

    def __init__(self) -> None:
        self._known: dict[str, Dialect] = {}
        self._missed: dict[str, int] = {}

    def of(self, model: str) -> Dialect:
        """What worked last, or the strongest."""
        return self._known.get(model, Dialect())

    def learn(self, model: str, before: Dialect, after: Dialect) -> None:
        """Keeps what had to be changed until it worked, beside what other calls have learned meanwhile."""
        changed = {
            field.name: getattr(after, field.name)
            for field in fields(Dialect)
            if getattr(after, field.name) != getattr(before, field.name)
        }
        if changed and (len(self._known) < self._MOST or model in self._known):
            self._known[model] = replace(self.of(model), **changed)

    def learn_of_choices(self, model: str, *, fitted: bool) -> None:
        """Keeps count of whether a model's answers begin with one of the choices. Those of one that thinks first never
        do; that of another may now and then not, for what a task says."""
        missed = 0 if fitted else self._missed.get(model, 0) + 1
        if len(self._missed) < self._MOST or model in self._missed:
            self._missed[model] = missed
        if missed >= self._MISSES:
            self.forgo_alternatives(model)

    def forgo_alternatives(self, model: str) -> None:
        """The model tells none, or none that are of use."""
        self.learn(model, Dialect(), Dialect(alternatives=0))
