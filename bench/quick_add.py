"""How long quick add takes to read a line: median and 95th percentile over the corpus of everyday lines.

    python bench/quick_add.py

The promise is less than 10 ms a line.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.domain.quick_add.corpus import HELD_OUT, read_corpus

PROMISE_MS = 10
ROUNDS = 20


def main() -> int:
    """Measure, print, and say by the exit code whether the promise holds."""
    cases = [*read_corpus(), *read_corpus(HELD_OUT)]
    started = time.perf_counter()
    cases[0].parse()
    first = time.perf_counter() - started
    took: list[float] = []
    for _ in range(ROUNDS):
        for case in cases:
            started = time.perf_counter()
            case.parse()
            took.append((time.perf_counter() - started) * 1000)
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    print(f"{len(cases)} lines, {ROUNDS} rounds: median {statistics.median(took):.3f} ms, p95 {p95:.3f} ms, ", end="")
    print(f"slowest {took[-1]:.2f} ms; the first line of a process {first * 1000:.2f} ms")
    return 0 if p95 < PROMISE_MS else 1


if __name__ == "__main__":
    sys.exit(main())
