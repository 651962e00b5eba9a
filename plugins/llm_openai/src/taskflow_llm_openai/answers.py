"""Reads the answers of servers that claim to be compatible. Nothing in them is taken for granted."""

import json
from typing import Any

from taskflow.plugin_api import Completion, PermanentError, Usage
from taskflow_llm_openai.errors import NoAnswer

_MOST_SIGNS = 200_000
#: More in one answer are no count: no model reads or writes them.
_MOST_TOKENS = 1_000_000_000


def read_answer(text: str, host: str) -> Completion:
    """A Chat Completions answer; `NoAnswer` for what is none, `PermanentError` for a model that refuses."""
    answer, choice = open_answer(text, host)
    message, truncated = choice["message"], get(choice, "finish_reason") == "length"
    content = message.get("content")
    if content is None and isinstance(refusal := message.get("refusal"), str):
        raise PermanentError(f"The model refused: {' '.join(refusal.split())[:300]}")
    if content is None and truncated:
        # A reasoning model may use up its tokens before it says anything.
        content = ""
    if not isinstance(content, str):
        raise NoAnswer(host, "no text")
    if len(content) > _MOST_SIGNS:
        raise PermanentError(f"{host} answered with {len(content)} signs; {_MOST_SIGNS} are the most.")
    return Completion(text=content, model=read_model(answer), usage=read_usage(answer), truncated=truncated)


def open_answer(text: str, host: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The whole answer, and its first choice, which has a message with a text or none; else `NoAnswer`."""
    try:
        answer = json.loads(text)
        if "\\u" in text:
            answer = _mend(answer)
    except (ValueError, RecursionError):
        raise NoAnswer(host, "no JSON") from None
    choice = first(get(answer, "choices"))
    message = get(choice, "message")
    if not isinstance(message, dict):
        raise NoAnswer(host, "no message")
    if not isinstance(message.get("content"), str | None):
        raise NoAnswer(host, "no text")
    return answer, choice


def _mend(value: Any) -> Any:
    """The same with U+FFFD for halves of surrogate pairs: an answer that was cut may end with one."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mend(each) for each in value]
    return {name: _mend(each) for name, each in value.items()} if isinstance(value, dict) else value


def read_model(answer: dict[str, Any]) -> str:
    """What the server calls the model that answered; empty where it does not say."""
    model = get(answer, "model")
    return model[:200] if isinstance(model, str) else ""


def read_usage(answer: dict[str, Any]) -> Usage | None:
    """The tokens that the server counted; None where it did not, or not in whole numbers that can be."""
    counts = [get(get(answer, "usage"), name) for name in ("prompt_tokens", "completion_tokens")]
    if not all(type(count) is int and 0 <= count <= _MOST_TOKENS for count in counts):
        return None
    return Usage(prompt_tokens=counts[0], completion_tokens=counts[1])


def get(value: Any, name: str) -> Any:
    """A member of what should be an object; None where there is none."""
    return value.get(name) if isinstance(value, dict) else None


def first(value: Any) -> Any:
    """The first of what should be a list; None where there is none."""
    return value[0] if isinstance(value, list) and value else None
