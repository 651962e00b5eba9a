"""What broken plugins cost everybody else: creating and reading tasks with all of them installed and enabled, and with
none installed.

    python bench/broken_plugins.py [rounds] [requests a round]

Two instances on SQLite in temporary folders, asked in turns, so that both meet the same state of the machine. Before
the first round the broken plugins were asked for suggestions, so that whatever it leaves behind is there. The promise:
p95 of both requests within 5 % of an instance without plugins.
"""

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

# Run as a file, it finds the packages beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.broken_plugins import AT_WORK, install_all
from tests.plugins.live import Live

ROUNDS, REQUESTS = 20, 100
WARM_UP = 100
#: Suggestions before the first round; even the first starts a process of each.
ASKED = 3
PROMISE = 1.05
NONE, BROKEN = "none", "all broken"
#: Milliseconds by instance and request.
Times = dict[tuple[str, str], list[float]]


def start(stack: ExitStack, folder: Path, *, broken: bool) -> Live:
    """A running instance, with all of them enabled and asked, or without any."""
    folder.mkdir()
    live = Live(folder, **({} if broken else {"PLUGINS": "-"}))
    stack.callback(live.end)
    if broken:
        install_all(live.site)
    live.start()
    if broken:
        live.cards()
        for slug in AT_WORK:
            live.enable(slug)
        for _ in range(ASKED):
            live.suggest()
    return live


def measure(live: Live, count: int) -> dict[str, list[float]]:
    """Milliseconds of `count` tasks created and read."""
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(count):
        began = time.perf_counter()
        task = live.call("POST", "tasks", {"project": live.project, "title": f"Order part {number} for the workshop"})
        made = time.perf_counter()
        live.call("GET", f"tasks/{task['id']}")
        times["create"].append((made - began) * 1000)
        times["get"].append((time.perf_counter() - made) * 1000)
    live.answers.clear()
    return times


def run(rounds: int, requests: int) -> Times:
    """Both instances in turns; who is first changes from round to round."""
    found: Times = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taskflow-bench-")))
        lives = {NONE: start(stack, folder / "none", broken=False), BROKEN: start(stack, folder / "all", broken=True)}
        for live in lives.values():
            measure(live, min(WARM_UP, requests))
        for number in range(rounds):
            for name in (NONE, BROKEN) if number % 2 == 0 else (BROKEN, NONE):
                for request, times in measure(lives[name], requests).items():
                    found[name, request] += times
    return found


def percentile(times: list[float], percent: int) -> float:
    """Of at least two values."""
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


def main() -> int:
    """Prints a table; 1 where the promise is broken."""
    given = [int(argument) for argument in sys.argv[1:3]]
    rounds, requests = (*given, *(ROUNDS, REQUESTS)[len(given) :])
    found = run(rounds, requests)
    kept = True
    sys.stdout.write(f"{rounds} rounds of {requests} requests each, milliseconds\n\n")
    sys.stdout.write(f"{'request':<10}{'':<5}{NONE:>10}{BROKEN:>13}{'ratio':>8}\n")
    for request in ("create", "get"):
        for percent in (50, 95):
            without, beside = (percentile(found[name, request], percent) for name in (NONE, BROKEN))
            kept = kept and (percent != 95 or beside <= without * PROMISE)
            sys.stdout.write(f"{request:<10}p{percent:<4}{without:>10.2f}{beside:>13.2f}{beside / without:>8.3f}\n")
    sys.stdout.write(f"\np95 within {PROMISE - 1:.0%}: {'yes' if kept else 'NO'}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
