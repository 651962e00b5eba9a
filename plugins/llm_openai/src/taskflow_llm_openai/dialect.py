"""What a model on a server understands of Chat Completions: found out by asking, from the most wished for downwards."""

import json
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from taskflow.plugin_api import CompletionRequest


class Form(IntEnum):
    """How the server is made to keep to a JSON schema, strongest first."""

    #: It allows no token outside of the schema.
    SCHEMA = 0
    #: It answers with some JSON; the schema stands in the instructions.
    OBJECT = 1
    #: The instructions are all.
    TEXT = 2


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to put a request."""

    form: Form = Form.SCHEMA
    #: `max_tokens` is what nearly all servers know; OpenAI's reasoning models want `max_completion_tokens`.
    limit: str = "max_tokens"
    #: Reasoning models refuse any but their own.
    temperature: bool = True

    def put(self, request: CompletionRequest, model: str) -> dict[str, Any]:
        """The arguments of Chat Completions."""
        arguments: dict[str, Any] = {
            "model": model,
            "messages": [
                {"role": "system", "content": self._instructions(request)},
                {"role": "user", "content": request.prompt},
            ],
            self.limit: request.max_tokens,
        }
        if self.temperature:
            arguments["temperature"] = request.temperature
        if request.json_schema is not None and self.form is Form.SCHEMA:
            schema = {"name": "answer", "schema": request.json_schema, "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.json_schema is not None and self.form is Form.OBJECT:
            arguments["response_format"] = {"type": "json_object"}
        return arguments

    def next(self, request: CompletionRequest, refusal: str) -> "Dialect | None":
        """What to try after a refusal in these words; None when nothing is left that could matter.

        Servers word a refused format in many ways, so a refusal that names none of the other parameters is taken for
        one of the format.
        """
        if "max_completion_tokens" in refusal and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if "temperature" in refusal and self.temperature:
            return replace(self, temperature=False)
        if request.json_schema is not None and self.form is not Form.TEXT:
            return replace(self, form=Form(self.form + 1))
        return None

    def _instructions(self, request: CompletionRequest) -> str:
        if request.json_schema is None or self.form is Form.SCHEMA:
            return request.system
        schema = json.dumps(request.json_schema, ensure_ascii=False)
        return f"{request.system}\n\nAnswer with one JSON object and nothing else. Its JSON schema: {schema}"


class Dialects:
    """What was found to work, by model, for as long as the settings live."""

    #: The models that are asked for are an administrator's choice, a handful.
    _MOST = 50

    def __init__(self) -> None:
        self._known: dict[str, Dialect] = {}

    def of(self, model: str) -> Dialect:
        """What worked last, or the strongest."""
        return self._known.get(model, Dialect())

    def learn(self, model: str, dialect: Dialect, request: CompletionRequest) -> None:
        """Keeps what worked. A request without a schema says nothing about forms."""
        if request.json_schema is None:
            dialect = replace(dialect, form=self.of(model).form)
        if len(self._known) < self._MOST or model in self._known:
            self._known[model] = dialect
