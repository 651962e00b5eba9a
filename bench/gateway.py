"""What the gateway costs: a stub provider asked through it, against the same provider asked directly, in one run.

    python bench/gateway.py [questions]

Aims: at most 3 ms more at p50, at least 300 requests a second with one caller, at most 120 MB without a model, and
answers that are kept within 10 ms at p95. All ways are asked in turns, to meet the same state of the machine.
"""

import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

# Run as a file, it finds the packages beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS
from taskflow.domain.prompts import Asked, build_choice
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import EnabledPlugin, Failure, Outbound, Snapshot
from tests.gateway.gateways import TOKEN, Gateway, describe

QUESTIONS = 1_000
#: Questions of one way before the other has its turn.
TURN = 50
WARM_UP = 50
NOW = datetime.now(UTC)


class One:
    """A source with one plugin, and a sink that raises."""

    def __init__(self, plugin: EnabledPlugin) -> None:
        self._plugin = plugin

    def generation(self) -> int:
        """Never changes."""
        return 1

    def snapshot(self) -> Snapshot:
        """The plugin."""
        return Snapshot(1, (self._plugin,))

    def failed(self, failure: Failure) -> None:
        """A stub that fails measures nothing."""
        raise RuntimeError(failure.message)

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        """Never comes to that."""
        raise RuntimeError(reason)

    def closed(self, slug: str, capability: str) -> None:
        """Never comes to that."""
        raise RuntimeError(slug)


class Caller:
    """One connection of the standard library's client: httpx takes 1.4 ms a request itself, which is not the
    gateway's."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, title: str) -> None:
        """One question."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        self._connection.request("POST", "/suggest-priority", json.dumps({"task": {"title": title}}), headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"it answered {answer.status}")


def clock(call: Callable[[int], None], numbers: range) -> list[float]:
    """Milliseconds of each call."""
    times = []
    for number in numbers:
        began = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - began) * 1000)
    return times


def memory(pid: int) -> float:
    """Megabytes (PSS) of a process alone."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Pss")


def describe_times(name: str, times: list[float]) -> str:
    """A line of the table."""
    p95 = statistics.quantiles(times, n=20)[-1]
    return f"| {name} | {statistics.median(times):.2f} | {p95:.2f} | {1000 / statistics.mean(times):.0f} |"


def main(questions: int) -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plugin = describe(folder, trusted=True)
        sys.path.insert(0, name)
        stub = One(EnabledPlugin(**{**plugin, "order": 1, "kinds": frozenset(plugin["kinds"])}))
        runner = Runner(stub, stub, outbound=Outbound())
        gateway = Gateway(folder, log_level="warning")
        try:
            gateway.configure(plugin)
            alone = memory(gateway.process.pid)

            def ask_directly(number: int) -> None:
                asked = Asked(facts=TaskFacts(title=f"Pay {number}", created_at=NOW), now=NOW)
                runner.score("model", build_choice(asked), LEVELS, deadline=10)

            caller = Caller(gateway.port)

            def ask_gateway(number: int) -> None:
                caller.ask(f"Pay {number}")

            def ask_again(number: int) -> None:
                caller.ask("Pay 0")

            times: dict[str, list[float]] = {"directly": [], "through the gateway": [], "kept answers": []}
            ways = dict(zip(times, (ask_directly, ask_gateway, ask_again), strict=True))
            for way in ways.values():
                clock(way, range(WARM_UP))
            for begin in range(WARM_UP, WARM_UP + questions, TURN):
                for each, way in ways.items():
                    times[each] += clock(way, range(begin, begin + TURN))
            print("| | p50 ms | p95 ms | a second |")
            print("|---|---|---|---|")
            for each, measured in times.items():
                print(describe_times(each, measured))
            more = statistics.median(times["through the gateway"]) - statistics.median(times["directly"])
            print(f"\nThe gateway adds {more:.2f} ms at p50 and has {alone:.0f} MB (PSS) without a model.")
        finally:
            gateway.close()
            runner.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS)
