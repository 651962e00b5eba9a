"""Reads what Ollama answered. Nothing in it is taken for granted: another server may listen there."""

import math
from collections.abc import Sequence
from typing import Any

from taskflow.plugin_api import Completion, PermanentError, Scores, Usage

_MOST_SIGNS = 200_000
#: More in one answer are no count: no model reads or writes them.
_MOST_TOKENS = 1_000_000_000


def read_completion(answer: Any, host: str) -> Completion:
    """A `ChatResponse`; `PermanentError` for one without a text, or with too long a one."""
    text, truncated = answer.message.content, answer.done_reason == "length"
    if text is None and truncated:
        # A model that thinks may use up its tokens before it says anything.
        text = ""
    if text is None:
        raise PermanentError(f"{host} gave an answer without a text.")
    if len(text) > _MOST_SIGNS:
        raise PermanentError(f"{host} answered with {len(text)} signs; {_MOST_SIGNS} are the most.")
    return Completion(text=text, model=(answer.model or "")[:200], usage=_read_usage(answer), truncated=truncated)


def read_scores(answer: Any, choices: Sequence[str]) -> Scores | None:
    """Probabilities of choices by the answer's first token and its alternatives; None where they say nothing of them.

    A choice that is not among the alternatives gets what the least of them has: at most that is its share.
    """
    first = next(iter(answer.logprobs or ()), None)
    listed = [(held.token.strip(), held.logprob) for held in (first.top_logprobs or ())] if first else []
    listed = [(token, logprob) for token, logprob in listed if token and math.isfinite(logprob) and logprob <= 0]
    if not listed:
        return None
    weights = [0.0] * len(choices)
    for token, logprob in listed:
        begun = [place for place, choice in enumerate(choices) if choice.startswith(token)]
        # A token that begins several of them says nothing.
        if len(begun) == 1:
            weights[begun[0]] += math.exp(logprob)
    if not any(weights):
        return None
    least = min(math.exp(logprob) for _, logprob in listed)
    weights = [weight or least for weight in weights]
    total = sum(weights)
    shares = tuple(weight / total for weight in weights)
    return Scores(probabilities=shares, model=(answer.model or "")[:200], usage=_read_usage(answer))


def read_speed(answer: Any) -> float | None:
    """Tokens a second, as the server measured it, in tenths."""
    count, nanoseconds = answer.eval_count, answer.eval_duration
    if not (count and nanoseconds and count > 0 and nanoseconds > 0):
        return None
    speed: float = round(count / (nanoseconds / 1e9), 1)
    return speed


def _read_usage(answer: Any) -> Usage | None:
    asked, said = answer.prompt_eval_count, answer.eval_count
    if asked is None or said is None or not (0 <= asked <= _MOST_TOKENS and 0 <= said <= _MOST_TOKENS):
        return None
    return Usage(prompt_tokens=asked, completion_tokens=said)
