"""What a failing model costs those who create tasks: POST /tasks into a project whose tasks are suggested for at once,
beside a model whose server hangs, one whose server answers 500, and none.

    python bench/model_faults.py [--postgres] [--rounds 15] [--requests 40]

Three instances in temporary folders, on SQLite or each on a database of its own of the PostgreSQL server that the tests
use, asked in turns, so that all meet the same state of the machine. Nothing is asked of the models before the first
round: calls that hang, the opening of the breaker and its probes are all within what is measured. The promise: p95
within 5 % of the instance without a model.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

# Run as a file, it finds the packages beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from taskflow.testing.servers import FakeOpenAI, Fault
from tests.plugins.live import Live
from tests.postgres import empty_database

ROUNDS, REQUESTS = 15, 40
WARM_UP = 40
PROMISE = 1.05
NONE, HANGS, FAILS = "none", "hangs", "fails"


@dataclass(frozen=True)
class Subject:
    """An instance and the project that tasks are created in."""

    live: Live
    project: str

    def measure(self, count: int) -> list[float]:
        """Milliseconds of `count` tasks created."""
        times = []
        for number in range(count):
            body = {"project": self.project, "title": f"Order part {number} for the workshop"}
            began = time.perf_counter()
            self.live.call("POST", "tasks", body)
            times.append((time.perf_counter() - began) * 1000)
        self.live.answers.clear()
        return times


def start(stack: ExitStack, folder: Path, fault: Fault | None, *, postgres: bool) -> Subject:
    """A running instance with a model that fails in this way, or without any."""
    folder.mkdir()
    env = {"DATABASE_URL": stack.enter_context(empty_database("faults"))} if postgres else {}
    if fault is None:
        env["PLUGINS"] = "-"
    else:
        server = stack.enter_context(FakeOpenAI())
        server.fault = fault
        env |= {"PLUGIN_LLM_OPENAI__BASE_URL": server.url, "PLUGIN_LLM_OPENAI__MODEL": "small"}
        env |= {"PLUGIN_LLM_OPENAI__TRUSTED": "on"}
    live = Live(folder, **env)
    stack.callback(live.end)
    live.start()
    if fault is not None:
        # The first look at what is installed takes processes that are of no interest here.
        status = live.cards()["llm_openai"]["status"]
        if status != "active":
            raise SystemExit(f"the model cannot be asked: {status}")
    warm = Subject(live, live.project)
    warm.measure(WARM_UP)
    project = live.call("POST", "projects", {"name": "Automatic", "auto_suggest": "on_create"})["id"]
    return Subject(live, project)


def run(rounds: int, requests: int, *, postgres: bool) -> dict[str, list[float]]:
    """All instances in turns; who is first changes from round to round."""
    found: dict[str, list[float]] = defaultdict(list)
    faults: dict[str, Fault | None] = {NONE: None, HANGS: Fault.HANG, FAILS: Fault.SERVER_ERROR}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="taskflow-bench-")))
        subjects = {name: start(stack, folder / name, fault, postgres=postgres) for name, fault in faults.items()}
        names = list(subjects)
        for number in range(rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                found[name] += subjects[name].measure(requests)
        for name in (HANGS, FAILS):
            card = subjects[name].live.cards()["llm_openai"]
            sys.stdout.write(f"{name}: {card['status']}: {card['reason']}\n")
    return found


def percentile(times: list[float], percent: int) -> float:
    """Of at least two values."""
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


def main() -> int:
    """Prints a table; 1 where the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    given = parser.parse_args()
    rounds, requests = given.rounds, given.requests
    found = run(rounds, requests, postgres=given.postgres)
    kept = True
    sys.stdout.write(f"{rounds} rounds of {requests} tasks each, milliseconds\n\n")
    sys.stdout.write(f"{'':<5}{NONE:>10}{HANGS:>10}{'ratio':>8}{FAILS:>10}{'ratio':>8}\n")
    for percent in (50, 95):
        without = percentile(found[NONE], percent)
        line = f"p{percent:<4}{without:>10.2f}"
        for name in (HANGS, FAILS):
            beside = percentile(found[name], percent)
            kept = kept and (percent != 95 or beside <= without * PROMISE)
            line += f"{beside:>10.2f}{beside / without:>8.3f}"
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"\np95 within {PROMISE - 1:.0%}: {'yes' if kept else 'NO'}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
