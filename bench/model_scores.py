"""Asks a language model (GGUF, llama.cpp) what the benchmark of the blend needs, and keeps its answers.

    python bench/model_scores.py NAME FILE.gguf      → bench/data/model_scores/NAME.csv; goes on where it stopped

Needs llama-cpp-python, which the product's plugin for local models brings. The question is `build_choice`; the answer
is how probable the model holds each level's first token next to the others', on the model's own chat template (on plain
text where it has none). A model keeps the beginning that it has read, so questions are asked in the order of theirs.
"""

import argparse
import csv
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import llama_cpp
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from model_quality import HEADER, SCORES, TUNING
from model_schedule import Row, read_rows

from taskflow.domain.priority import LEVELS
from taskflow.domain.prompts import build_choice
from taskflow.plugin_api import CompletionRequest

CONTEXT = 2048


class Scorer:
    """One model in memory, with the tokens that it read last."""

    def __init__(self, path: Path) -> None:
        self._llama = llama_cpp.Llama(str(path), n_ctx=CONTEXT, n_threads=1, n_threads_batch=1, verbose=False)
        template = self._llama.metadata.get("tokenizer.chat_template")
        self._template = None if template is None else Jinja2ChatFormatter(template, eos_token="", bos_token="")
        self._levels = [self._llama.tokenize(level.encode(), add_bos=False)[0] for level in LEVELS]

    def score(self, request: CompletionRequest) -> list[float]:
        """The probabilities of the four levels as the answer's beginning."""
        tokens = self._llama.tokenize(self._text(request).encode(), special=True)[-CONTEXT:]
        before = self._llama.input_ids[: self._llama.n_tokens].tolist()
        # The last token is read anew in any case: its logits are the answer.
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, tokens[:-1], strict=False)))
        self._llama._ctx.kv_cache_seq_rm(-1, kept, -1)
        self._llama.n_tokens = kept
        self._llama.eval(tokens[kept:])
        pointer = llama_cpp.llama_get_logits_ith(self._llama._ctx.ctx, -1)
        logits = np.ctypeslib.as_array(pointer, shape=(self._llama.n_vocab(),))[self._levels].astype(np.float64)
        odds = np.exp(logits - logits.max())
        return [float(value) for value in odds / odds.sum()]

    def _text(self, request: CompletionRequest) -> str:
        if self._template is None:
            return f"{request.system}\n\n{request.prompt}\n"
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": request.prompt}]
        return str(self._template(messages=messages).prompt)


def questions(rows: Sequence[Row]) -> dict[tuple[str, int, str], tuple[Row, int]]:
    """Each question once, row by row, the tuning lists last, fewest decisions first; in a row by what is told first."""
    asked: dict[tuple[str, int, str], tuple[Row, int]] = {}
    for row in sorted(rows, key=lambda row: (row.name.startswith(TUNING), len(row.known))):
        for task in sorted({*row.recorded, *row.asked}, key=row.told):
            asked.setdefault((row.name, task, row.told(task)), (row, task))
    return asked


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, ask, append."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("gguf", type=Path)
    options = parser.parse_args(arguments)
    path = SCORES / f"{options.name}.csv"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_text(",".join(HEADER) + "\n")
    with path.open(newline="") as lines:
        known = {(row["list"], int(row["task"]), row["told"]) for row in csv.DictReader(lines)}
    scorer = Scorer(options.gguf)
    with path.open("a", newline="", buffering=1) as lines:
        writer = csv.writer(lines, lineterminator="\n")
        for key, (row, task) in questions(read_rows()).items():
            if key not in known:
                scores = scorer.score(build_choice(row.question(task)))
                writer.writerow([*key, *(f"{value:.5f}" for value in scores)])


if __name__ == "__main__":
    main()
