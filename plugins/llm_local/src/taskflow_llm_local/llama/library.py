"""llama-cpp-python: imported late, and kept from writing its log to the process's output."""

import ctypes
import importlib
import os
import threading
from collections import deque
from typing import Any

from taskflow_llm_local.errors import Unfit, shorten

#: ggml's levels: what is worth telling when a model cannot be loaded.
_ERROR, _CONTINUED = 3, 5
#: Read when the library is loaded. Its threads wait for one another hundreds of times a token, by default in a loop of
#: 300,000 turns: where other processes want the cores, two threads wrote 1.5 tokens a second so, and 20 with this.
_SPINS = "1000"
_loading = threading.Lock()
_loaded: Any = None
#: What the library complained of last. Threads share it: it only explains a failure that is known otherwise.
_complaints: deque[str] = deque(maxlen=3)
#: The library keeps a bare pointer to it.
_callback: Any = None


def load() -> Any:
    """The module `llama_cpp`; `Unfit` where it is not installed or does not fit this machine. Takes half a second."""
    global _loaded
    with _loading:
        if _loaded is None:
            _loaded = _import()
        return _loaded


def forget_complaints() -> None:
    """What is complained of from now on belongs to what is tried now."""
    _complaints.clear()


def last_complaint() -> str:
    """The library's own words on what failed; empty where it said nothing."""
    return shorten("; ".join(_complaints))


def _import() -> Any:
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    try:
        library = importlib.import_module("llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        remedy = "Install the extra: pip install 'taskflow-llm-local[llama-cpp]', or make up LLM=local. Or use ollama."
        raise Unfit(f"llama-cpp-python cannot be imported: {shorten(str(error))}.", remedy) from error
    _take_over_the_log(library)
    library.llama_backend_init()
    return library


def _take_over_the_log(library: Any) -> None:
    """It would write hundreds of lines on every load."""
    global _callback
    last = 0

    def note(level: int, text: bytes, _: ctypes.c_void_p) -> None:
        nonlocal last
        last = last if level == _CONTINUED else level
        if last == _ERROR and text.strip():
            _complaints.append(text.decode(errors="replace").strip())

    _callback = library.llama_log_callback(note)
    library.llama_log_set(_callback, ctypes.c_void_p(0))
