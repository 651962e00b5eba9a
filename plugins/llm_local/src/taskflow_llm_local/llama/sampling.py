"""Writes an answer token by token, within a grammar where one is wanted."""

import ctypes
import importlib
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from taskflow.plugin_api import CompletionRequest, PermanentError
from taskflow_llm_local.errors import shorten
from taskflow_llm_local.llama.model import Model
from taskflow_llm_local.worker import Leash


def write(model: Model, request: CompletionRequest, leash: Leash) -> tuple[list[int], bool]:
    """The answer's tokens after what the model has read, and whether they ended for want of tokens.

    `PermanentError` for a schema that is none.
    """
    tokens: list[int] = []
    with _opened(model, request) as sampler:
        while len(tokens) < request.max_tokens and not model.is_full:
            leash.check()
            token = sampler.pick()
            if model.ends(token):
                return tokens, False
            tokens.append(token)
            model.append([token])
    return tokens, True


class _Sampler:
    """Picks the next token. A grammar is asked about the favourite alone first: asking it about every token of a
    large vocabulary takes longer than the model."""

    def __init__(self, model: Model, picker: Any, grammar: Any) -> None:
        self._model, self._lib = model, model.lib
        self._picker, self._grammar = picker, grammar

    def pick(self) -> int:
        """The next token."""
        token = int(self._lib.llama_sampler_sample(self._picker, self._model.context, -1))
        if self._grammar is None:
            return token
        if not self._allows(token):
            token = self._pick_allowed()
        self._lib.llama_sampler_accept(self._grammar, token)
        return token

    def _allows(self, token: int) -> bool:
        single = (self._lib.llama_token_data * 1)(self._lib.llama_token_data(token, 1.0, 0.0))
        self._lib.llama_sampler_apply(self._grammar, ctypes.byref(self._array(single, 1)))
        return bool(single[0].logit != -float("inf"))

    def _pick_allowed(self) -> int:
        numpy = importlib.import_module("numpy")
        size = self._model.size
        every = numpy.zeros(size, dtype=[("id", "i4"), ("logit", "f4"), ("p", "f4")])
        every["id"], every["logit"] = numpy.arange(size), numpy.ctypeslib.as_array(self._model.logits, (size,))
        array = self._array(every.ctypes.data_as(self._lib.llama_token_data_p), size)
        self._lib.llama_sampler_apply(self._grammar, ctypes.byref(array))
        self._lib.llama_sampler_apply(self._picker, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _array(self, tokens: Any, size: int) -> Any:
        first = ctypes.cast(tokens, self._lib.llama_token_data_p)
        return self._lib.llama_token_data_array(first, size, -1, False)


@contextmanager
def _opened(model: Model, request: CompletionRequest) -> Iterator[_Sampler]:
    lib = model.lib
    grammar = _make_grammar(model, request.json_schema) if request.json_schema is not None else None
    picker = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    try:
        if request.temperature:
            lib.llama_sampler_chain_add(picker, lib.llama_sampler_init_temp(request.temperature))
            # Not for secrets: it only has to differ.
            lib.llama_sampler_chain_add(picker, lib.llama_sampler_init_dist(random.getrandbits(31)))
        else:
            lib.llama_sampler_chain_add(picker, lib.llama_sampler_init_greedy())
        yield _Sampler(model, picker, grammar)
    finally:
        lib.llama_sampler_free(picker)
        if grammar is not None:
            lib.llama_sampler_free(grammar)


def _make_grammar(model: Model, schema: dict[str, Any]) -> Any:
    """A sampler that forbids what the schema forbids."""
    grammars = importlib.import_module("llama_cpp.llama_grammar")
    try:
        rules = grammars.json_schema_to_gbnf(json.dumps(schema))
    except (
        AssertionError,
        AttributeError,
        KeyError,
        NotImplementedError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        raise PermanentError(f"The answer's schema cannot be made into a grammar: {shorten(repr(error))}.") from error
    sampler = model.lib.llama_sampler_init_grammar(model.vocabulary, rules.encode(), b"root")
    if not sampler:
        raise PermanentError("llama.cpp does not accept the grammar of the answer's schema.")
    return sampler
