"""A model in memory with one live context, whose beginning is kept from one question to the next."""

import ctypes
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from taskflow.plugin_api import PermanentError, TransientError
from taskflow_llm_local.config import Config
from taskflow_llm_local.errors import Unfit
from taskflow_llm_local.llama import library
from taskflow_llm_local.worker import Leash

#: Tokens that are evaluated between two looks at the leash.
CHUNK = 64
#: Reading begins at a multiple of `ALIGNED` tokens and has `LEAST` at least. llama.cpp computes four tokens at a time
#: in one way and what is left in another: a kept beginning changed probabilities by 0.02 for that.
ALIGNED, LEAST = 4, 8
_MAGIC = b"GGUF"
_ALL = 0x7FFFFFFF
_LONGEST_PIECE = 256
_LONGEST_VALUE = 262_144


class Model:
    """A loaded GGUF file; for one thread. `Unfit` where the file is none, or does not fit into memory.

    It must be closed by the thread that uses it.
    """

    def __init__(self, path: Path, field: str, config: Config) -> None:
        self.path, self._field, self._context_tokens = path, field, config.context
        self.lib = library.load()
        self._held: list[int] = []
        self._model = self._load(config)
        self.vocabulary = self.lib.llama_model_get_vocab(self._model)
        self.context = self._open(config)
        self.size = int(self.lib.llama_vocab_n_tokens(self.vocabulary))
        self.room = int(self.lib.llama_n_ctx(self.context))

    def close(self) -> None:
        """Frees its memory; it is of no use afterwards."""
        self.lib.llama_free(self.context)
        self.lib.llama_model_free(self._model)

    def _load(self, config: Config) -> Any:
        _check_file(self.path, self._field)
        library.forget_complaints()
        wanted = self.lib.llama_model_default_params()
        wanted.n_gpu_layers = config.gpu_layers if config.gpu_layers >= 0 else _ALL
        model = self.lib.llama_model_load_from_file(str(self.path).encode(), wanted)
        if not model:
            reason = library.last_complaint() or "llama.cpp does not say why"
            remedy = "Copy the file again, or take a model that this version of llama-cpp-python knows."
            raise Unfit(f"{self._field}: {self.path.name} cannot be loaded: {reason}.", remedy)
        return model

    def _open(self, config: Config) -> Any:
        wanted = self.lib.llama_context_default_params()
        wanted.n_ctx = config.context
        wanted.n_batch = wanted.n_ubatch = CHUNK
        # With it, the same question gave probabilities that differed by 0.03 with the way it was split.
        wanted.flash_attn_type = self.lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        wanted.n_threads = wanted.n_threads_batch = config.cores
        context = self.lib.llama_init_from_model(self._model, wanted)
        if not context:
            self.lib.llama_model_free(self._model)
            reason = library.last_complaint() or "llama.cpp does not say why"
            remedy = f"Lower context ({config.context} now), or take a smaller model."
            raise Unfit(f"{self.path.name} gets no context: {reason}.", remedy)
        return context

    def read(self, key: str) -> str:
        """A text of the file's metadata; empty where it has none of that name."""
        buffer = ctypes.create_string_buffer(_LONGEST_VALUE)
        length = self.lib.llama_model_meta_val_str(self._model, key.encode(), buffer, _LONGEST_VALUE)
        return buffer.value.decode(errors="replace") if length >= 0 else ""

    def tokenise(self, text: str, *, begins: bool = False) -> list[int]:
        """The tokens of a text with its special tokens written out; `begins`: after the model's own first one."""
        raw = text.encode()
        room = len(raw) + 8
        tokens = (self.lib.llama_token * room)()
        count = self.lib.llama_tokenize(self.vocabulary, raw, len(raw), tokens, room, begins, True)
        if count < 0:
            raise PermanentError(f"{self.path.name} cannot read a text of {len(raw)} bytes.")
        return list(tokens[:count])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """What a token says; nothing for a special one unless those are to be shown."""
        buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
        length = self.lib.llama_token_to_piece(self.vocabulary, token, buffer, _LONGEST_PIECE, 0, special)
        return buffer.raw[: max(0, length)]

    def special(self, name: str) -> int:
        """The token `bos` or `eos`; -1 where it has none."""
        return int(getattr(self.lib, f"llama_vocab_{name}")(self.vocabulary))

    def controls(self) -> list[str]:
        """The special tokens that steer it, written out."""
        tokens = (t for t in range(self.size) if self.lib.llama_vocab_is_control(self.vocabulary, t))
        written = (self.piece(token, special=True).decode(errors="replace") for token in tokens)
        return [text for text in written if text]

    def ends(self, token: int) -> bool:
        """Whether a token ends an answer."""
        return bool(self.lib.llama_vocab_is_eog(self.vocabulary, token))

    def evaluate(self, tokens: Sequence[int], leash: Leash) -> None:
        """Reads a question, after which `logits` are those of what follows. What it has in common with what was read
        before is not read again. `PermanentError` for one that does not fit, `TransientError` where it was let go of.
        """
        if len(tokens) >= self.room:
            raise Unfit(
                f"The question has {len(tokens)} tokens; context leaves room for {self.room - 1}.",
                f"Raise context ({self._context_tokens} now), or have fewer examples shown.",
            )
        shared = min(_count_shared(self._held, tokens), len(tokens) - LEAST)
        start = self._keep(max(0, shared) // ALIGNED * ALIGNED)
        for piece in split(tokens[start:]):
            leash.check()
            self.append(piece)

    def append(self, tokens: Sequence[int]) -> None:
        """Reads at most `CHUNK` tokens after those that it holds. `TransientError`."""
        held = (self.lib.llama_token * len(tokens))(*tokens)
        result = self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(held, len(tokens)))
        if result:
            # What it holds now is not known.
            self._keep(0)
            raise TransientError(
                f"llama.cpp failed with {result}: {library.last_complaint() or 'it does not say why'}."
            )
        self._held.extend(tokens)

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be read."""
        return len(self._held) >= self.room

    @property
    def logits(self) -> Any:
        """How much it favours each token as the next one: a pointer to as many numbers as it knows tokens."""
        return self.lib.llama_get_logits_ith(self.context, -1)

    def _keep(self, count: int) -> int:
        """Forgets all but the first `count` tokens; how many it still holds: models with another memory keep none."""
        memory = self.lib.llama_get_memory(self.context)
        if not count or not self.lib.llama_memory_seq_rm(memory, 0, count, -1):
            self.lib.llama_memory_clear(memory, True)
            count = 0
        del self._held[count:]
        return count


def _check_file(path: Path, field: str) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        remedy = "Name a GGUF file that TaskFlow may read, with its whole path."
        raise Unfit(f"{field}: {path} cannot be read: {error.strerror or error}.", remedy) from error
    if magic != _MAGIC:
        raise Unfit(f"{field}: {path} is no GGUF file.", "Name one; other formats have to be converted first.")


def split(tokens: Sequence[int]) -> list[Sequence[int]]:
    """Pieces of nearly one length, none longer than `CHUNK`, each but the last a multiple of `ALIGNED`."""
    count = -(-len(tokens) // (CHUNK - LEAST))
    bounds = [len(tokens) * number // count // ALIGNED * ALIGNED for number in range(count)]
    bounds.append(len(tokens))
    return [tokens[first:last] for first, last in pairwise(bounds)]


def _count_shared(held: Sequence[int], wanted: Sequence[int]) -> int:
    count = 0
    for ours, theirs in zip(held, wanted, strict=False):
        if ours != theirs:
            break
        count += 1
    return count
