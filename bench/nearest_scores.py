"""Asks the nearest decided tasks, by their embeddings, what the benchmark of the blend needs, and keeps the answers.

    python bench/nearest_scores.py NAME FOLDER       → bench/data/model_scores/NAME.csv

FOLDER holds a model for sentence-transformers, which must be installed. Every task is asked about.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from model_quality import HEADER, SCORES
from model_schedule import Row, read_rows
from numpy.typing import ArrayLike
from sentence_transformers import SentenceTransformer

from taskflow.domain.priority import LEVELS
from taskflow.learning.nearest import describe, nearest_signal


def embed(model: SentenceTransformer, row: Row) -> dict[int, ArrayLike]:
    """The vectors of the list's tasks from the row's first on."""
    numbers = range(row.known.start, len(row.tasks))
    return dict(zip(numbers, model.encode([describe(row.tasks[number].facts) for number in numbers]), strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the options, ask, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    model = SentenceTransformer(str(options.folder), device="cpu")
    rows = read_rows()
    # The row that knows most of a list reaches back furthest.
    widest = {row.name: row for row in sorted(rows, key=lambda row: -row.known.start)}
    vectors = {name: embed(model, row) for name, row in widest.items()}
    asked = {
        (row.name, task, row.seen(task)): (row, task) for row in rows for task in sorted({*row.recorded, *row.asked})
    }
    SCORES.mkdir(exist_ok=True)
    with (SCORES / f"{options.name}.csv").open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(HEADER)
        for key, (row, task) in asked.items():
            known = range(row.known.start, min(task, row.known.stop))
            of = vectors[row.name]
            found = nearest_signal(of[task], [(of[number], row.tasks[number].level) for number in known])
            writer.writerow([*key, *("" if found is None else f"{found[level]:.4f}" for level in LEVELS)])


if __name__ == "__main__":
    main()
