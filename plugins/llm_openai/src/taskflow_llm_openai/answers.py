"""Reads the answers of servers that claim to be compatible. Nothing in them is taken for granted."""

import json
from typing import Any

from taskflow.plugin_api import Completion, PermanentError, Usage

_MOST_SIGNS = 200_000


def read_answer(text: str, host: str) -> Completion:
    """A Chat Completions answer; `PermanentError` for what is none, or for a model that refuses."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise _Unreadable(host, "no JSON") from None
    choice = _first(_get(answer, "choices"))
    message = _get(choice, "message")
    if not isinstance(message, dict):
        raise _Unreadable(host, "no message")
    content, truncated = message.get("content"), _get(choice, "finish_reason") == "length"
    if content is None and isinstance(refusal := message.get("refusal"), str):
        raise PermanentError(f"The model refused: {' '.join(refusal.split())[:300]}")
    if content is None and truncated:
        # A reasoning model may use up its tokens before it says anything.
        content = ""
    if not isinstance(content, str):
        raise _Unreadable(host, "no text")
    if len(content) > _MOST_SIGNS:
        raise PermanentError(f"{host} answered with {len(content)} signs; {_MOST_SIGNS} are the most.")
    model = _get(answer, "model")
    return Completion(
        text=content,
        model=model[:200] if isinstance(model, str) else "",
        usage=_read_usage(_get(answer, "usage")),
        truncated=truncated,
    )


class _Unreadable(PermanentError):
    """A page of some other kind, mostly because the address is not that of the API."""

    def __init__(self, host: str, missing: str) -> None:
        super().__init__(f"{host} gave an answer that is none of Chat Completions: {missing}.")


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _read_usage(usage: Any) -> Usage | None:
    counts = [_get(usage, name) for name in ("prompt_tokens", "completion_tokens")]
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    return Usage(prompt_tokens=counts[0], completion_tokens=counts[1])
