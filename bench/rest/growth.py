"""How the time of a list grows with its project: p50 over projects of several sizes, in turn.

    python -m bench.rest.growth --seed seed.json --url http://127.0.0.1:9310 --rounds 7

The instance runs over a database that `bench.rest.seed` filled with projects of these sizes. The same page is asked
for: 50 open tasks by due date and priority.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from .compare import measure, taskflow_scenarios

#: Time in the largest project : time in the smallest.
GOAL = 1.2


def main() -> int:
    """Measure and print; the exit code says whether the goal is reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    options = parser.parse_args()
    seed = json.loads(Path(options.seed).read_text())
    sizes = [f"T{size}" for size in options.sizes.split(",")]
    files = {}
    for size in sizes:
        folder = Path(tempfile.mkdtemp())
        files[size] = folder / "scenarios.json"
        files[size].write_text(json.dumps(taskflow_scenarios(seed, folder, size)))
    spans: dict[str, list[float]] = {size: [] for size in sizes}
    for turn in range(options.rounds):
        for size in sizes if turn % 2 else sizes[::-1]:
            found = measure(options.url, files[size], "list", 1, options.seconds)
            if found is not None:
                spans[size].append(float(found["p50"]))
    for size in sizes:
        print(f"{size}: p50 {statistics.median(spans[size]):.2f} ms")
    growth = statistics.median(
        large / small for small, large in zip(spans[sizes[0]], spans[sizes[-1]], strict=True) if small
    )
    print(f"growth {growth:.2f}")
    return 0 if growth <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
