"""How probable each of some choices is, by what a model might have said instead of its first word."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taskflow.plugin_api import Usage
from taskflow_llm_openai.answers import get, open_answer, read_model, read_usage

#: What may stand around a word in a token: blanks, as two families of tokenisers write them too, and punctuation.
_AROUND = " \t\r\n\u2581\u0120\u010a\"'`*_.,:;()[]{}"

#: A logarithm of a probability is not positive, but for rounding.
_ROUNDING = 1e-3

#: The part of the probability that the choices must have together. A small model that begins with something else has
#: letters among its alternatives that happen to begin a choice: 0.8 % with SmolLM2, where it did not do as it was told.
_LEAST_TOGETHER = 0.05


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The tokens that the server named as the beginning of the answer, and how probable each is."""

    named: tuple[tuple[str, float], ...]
    model: str
    usage: Usage | None

    def weigh(self, choices: Sequence[str]) -> tuple[float, ...] | None:
        """The probability of each choice, in their order, adding up to 1; None where hardly a token stands for one.

        A token stands for the choice that it is the beginning of, whatever its case. A choice without one has its share
        of what the named tokens leave, and no more than the least of them.
        """
        words = [choice.strip().lower() for choice in choices]
        found = [0.0] * len(words)
        for token, probability in self.named:
            fitting = [at for at, word in enumerate(words) if token and word.startswith(token)]
            if len(fitting) == 1:
                found[fitting[0]] += probability
        if sum(found) < _LEAST_TOGETHER:
            return None
        absent = found.count(0.0)
        if absent:
            known = [probability for _, probability in self.named]
            floor = min(max(0.0, 1 - sum(known)) / absent, *known)
            found = [probability or floor for probability in found]
        total = sum(found)
        return tuple(probability / total for probability in found)


def read_alternatives(text: str, host: str) -> Alternatives | None:
    """What an answer tells of its first word; None where it tells nothing. `NoAnswer` for what is none."""
    answer, choice = open_answer(text, host)
    position = _first_word(get(get(choice, "logprobs"), "content"))
    listed = get(position, "top_logprobs")
    tokens = listed if isinstance(listed, list) and listed else [position]
    named = tuple(token for token in map(_read_token, tokens) if token is not None)
    return Alternatives(named, read_model(answer), read_usage(answer)) if named else None


def _first_word(positions: Any) -> Any:
    """The first position of the answer that is more than blanks and quotes, else the first."""
    listed = positions if isinstance(positions, list) else []
    read = [(position, _read_token(position)) for position in listed[:20]]
    return next((position for position, token in read if token and token[0]), listed[0] if listed else None)


def _read_token(token: Any) -> tuple[str, float] | None:
    """A bare word in small letters and its probability; None for what is neither."""
    text, logarithm = get(token, "token"), get(token, "logprob")
    if not isinstance(text, str) or type(logarithm) not in {int, float} or not logarithm <= _ROUNDING:
        return None
    return text.strip(_AROUND).lower(), math.exp(min(0.0, logarithm))
