"""From a request to the text that a model was trained on: its own chat template, from its file."""

import importlib
import re
from dataclasses import dataclass
from typing import Any

from taskflow.plugin_api import CompletionRequest
from taskflow_llm_local.errors import Unfit, shorten
from taskflow_llm_local.llama.model import Model


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as the model reads it."""

    text: str
    #: The end of `text`, after the person's words: what an answer follows on.
    tail: str
    #: The model's first token is not in the text and has to be put before it.
    begins: bool


class Prompts:
    """Writes prompts for one model. `Unfit` for a file whose template cannot be read."""

    def __init__(self, model: Model) -> None:
        self._file = model.path.name
        self._controls = _matching_any(model.controls())
        self._jinja = importlib.import_module("jinja2")
        self._template = self._read_template(model)

    def write(self, request: CompletionRequest) -> Prompt:
        """The request's prompt. What steers the model, written out by a person, is no more than text in it."""
        system, words = self._defuse(request.system), self._defuse(request.prompt)
        if self._template is None:
            return Prompt(f"{system}\n\n{words}\n", "\n", begins=True)
        text = self._render(system, words)
        _, found, tail = text.rpartition(words.strip())
        return Prompt(text, tail if found and words.strip() else text, begins=False)

    def _defuse(self, text: str) -> str:
        return self._controls.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)

    def _render(self, system: str, words: str) -> str:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": words}]
        try:
            return self._fill(messages)
        except (self._jinja.TemplateError, ValueError):
            # Some, such as Gemma's, know no instructions beside the person's words.
            return self._fill([{"role": "user", "content": f"{system}\n\n{words}"}])

    def _fill(self, messages: list[dict[str, str]]) -> str:
        # Models that can think before they answer are asked not to; others do not know the word.
        return str(self._template(messages=messages, enable_thinking=False).prompt)

    def _read_template(self, model: Model) -> Any:
        template = model.read("tokenizer.chat_template")
        if not template:
            return None
        written = {name: _write_token(model, name) for name in ("bos", "eos")}
        formats = importlib.import_module("llama_cpp.llama_chat_format")
        try:
            return formats.Jinja2ChatFormatter(template, eos_token=written["eos"], bos_token=written["bos"])
        except self._jinja.TemplateError as error:
            raise Unfit(f"{self._file}: its chat template cannot be read: {shorten(str(error))}.", _REMEDY) from error


_REMEDY = "Take a model with another template."


def _write_token(model: Model, name: str) -> str:
    token = model.special(name)
    return model.piece(token, special=True).decode(errors="replace") if token >= 0 else ""


def _matching_any(texts: list[str]) -> re.Pattern[str]:
    longest_first = sorted({text for text in texts if len(text) > 1}, key=len, reverse=True)
    # Without any it must match nothing.
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
