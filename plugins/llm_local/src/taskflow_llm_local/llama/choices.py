"""How probable given answers are: by the first token of each, which must tell them apart."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from taskflow.plugin_api import PermanentError
from taskflow_llm_local.llama.model import Model

#: For each choice the tokens that it may begin with.
Firsts: TypeAlias = list[list[int]]
_MOST_KNOWN = 50


class Choices:
    """The first tokens of choices, found once for each end of a prompt that they may follow on."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[tuple[str, tuple[str, ...]], Firsts] = {}

    def first_tokens(self, tail: str, choices: tuple[str, ...]) -> Firsts:
        """`PermanentError` where two choices begin alike, or one cannot follow on `tail`."""
        found = self._known.get((tail, choices))
        if found is None:
            found = self._find(tail, choices)
            if len(self._known) < _MOST_KNOWN:
                self._known[tail, choices] = found
        return found

    def _find(self, tail: str, choices: tuple[str, ...]) -> Firsts:
        before = self._model.tokenise(tail)
        # A model may begin its answer with a space, which is then mostly part of the first token.
        spellings = [[self._first(before, tail + space + choice) for choice in choices] for space in ("", " ")]
        firsts: Firsts = [[] for _ in choices]
        for spelling in spellings:
            if None not in spelling and len(set(spelling)) == len(choices) and not _overlap(spelling, firsts):
                for held, token in zip(firsts, spelling, strict=True):
                    held.extend([] if token is None else [token])
        if not all(firsts):
            raise PermanentError(
                f"The model cannot tell apart what it reads first of: {_name_alike(choices, spellings[0])}."
            )
        return firsts

    def _first(self, before: Sequence[int], text: str) -> int | None:
        """The token after the prompt's own; None where the answer's beginning merges with its end."""
        tokens = self._model.tokenise(text)
        follows = len(tokens) > len(before) and tokens[: len(before)] == list(before)
        return tokens[len(before)] if follows else None


def weigh(model: Model, firsts: Firsts) -> tuple[float, ...]:
    """The probability of each choice among them, by the logits that the model holds."""
    logits = model.logits
    held = [[float(logits[token]) for token in tokens] for tokens in firsts]
    highest = max(max(values) for values in held)
    weights = [sum(math.exp(value - highest) for value in values) for values in held]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def _overlap(spelling: Sequence[int | None], firsts: Firsts) -> bool:
    """Whether a token of one spelling already stands for another choice, or for the same one."""
    taken = {token for tokens in firsts for token in tokens}
    return any(token in taken for token in spelling)


def _name_alike(choices: Sequence[str], firsts: Sequence[int | None]) -> str:
    alike = [choice for choice, first in zip(choices, firsts, strict=True) if firsts.count(first) > 1 or first is None]
    return ", ".join(repr(choice) for choice in alike or choices)
