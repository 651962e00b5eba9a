"""An opinion from embeddings: what was decided about the tasks whose texts are nearest, by a model on this machine."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskflow.application import model_calls
from taskflow.application.model_calls import Caller
from taskflow.application.ports import Models
from taskflow.application.waits import waiting
from taskflow.domain.facts import TaskFacts
from taskflow.domain.suggestion import Signal
from taskflow.learning.examples import Example
from taskflow.learning.nearest import describe, nearest_signal
from taskflow.plugin_host.state import CallFailed, EnabledPlugin

#: Decided tasks that are compared with; texts that are embedded for one suggestion (40 ms each), so that the first
#: ones rest on few and none is late.
MOST_COMPARED, MOST_NEW = 100, 24
#: Vectors that a process keeps: 1.5 kB each.
MOST_KEPT = 2_000

Vector = NDArray[np.float32]


class Vectors:
    """Vectors of texts by model. Safe to share between threads."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vector] = OrderedDict()

    def find(self, key: str) -> Vector | None:
        """The vector of a text; None where it is not kept."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: str, vector: Sequence[float]) -> None:
        """Keeps a vector; the one that was unused for longest makes room."""
        with self._lock:
            self._kept[key] = np.array(vector, dtype=np.float32)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_vectors = Vectors()


def can_embed(plugin: EnabledPlugin) -> bool:
    """Whether its settings name a model for vectors. What leaves the machine is not asked: decisions of all of a
    person's projects are compared."""
    return bool(plugin.config.get("embedding_model")) and not plugin.leaves


def nearest_decisions(
    models: Models, plugin: EnabledPlugin, facts: TaskFacts, examples: Sequence[Example], caller: Caller, *, left: float
) -> Signal | None:
    """The opinion; None without decisions to compare with. `CallFailed`; `left` is in seconds."""
    decided = sorted(
        (found for found in examples if found.mine and not found.refused), key=lambda found: found.decided_at
    )[-MOST_COMPARED:]
    if not decided:
        return None
    began = time.monotonic()
    texts = [describe(facts), *(describe(found.facts) for found in reversed(decided))]
    _embed_missing(models, plugin, texts, caller, left=left)
    asked = _vectors.find(_key(plugin, texts[0]))
    known = [
        (vector, found.level)
        for found, text in zip(reversed(decided), texts[1:], strict=True)
        if (vector := _vectors.find(_key(plugin, text))) is not None
    ]
    probabilities = None if asked is None else nearest_signal(asked, known)
    if probabilities is None:
        return None
    return Signal(
        source="model",
        provider=f"{plugin.slug}:embeddings",
        # As the settings name it: its record is kept by that, whether or not anything had to be embedded now.
        model=str(plugin.config["embedding_model"])[:200],
        probabilities=probabilities,
        latency_ms=(time.monotonic() - began) * 1000,
    )


def _embed_missing(models: Models, plugin: EnabledPlugin, texts: Sequence[str], caller: Caller, *, left: float) -> None:
    """Has the texts embedded that have no vector yet, the first ones first."""
    missing = tuple(dict.fromkeys(text for text in texts if _vectors.find(_key(plugin, text)) is None))[:MOST_NEW]
    if not missing:
        return
    began = time.monotonic()
    try:
        with waiting():
            found = models.embed(plugin.slug, missing, deadline=left)
    except CallFailed as failure:
        latency = (time.monotonic() - began) * 1000
        model_calls.note_vectors(plugin, caller, model="", latency_ms=latency, failure=failure.kind)
        raise
    if found is None or len(found.vectors) != len(missing):
        raise CallFailed("bug", "It gave no vectors, or not one for each text.")
    model_calls.note_vectors(plugin, caller, model=found.model, latency_ms=(time.monotonic() - began) * 1000)
    for text, vector in zip(missing, found.vectors, strict=True):
        _vectors.keep(_key(plugin, text), vector)


def _key(plugin: EnabledPlugin, text: str) -> str:
    return hashlib.sha256(f"{plugin.slug}\0{plugin.fingerprint}\0{text}".encode()).hexdigest()
