"""How long suggestions for a whole inbox take with a small local model, and whether their progress can be followed.

    python bench/inbox.py [tasks]

A real instance on SQLite in a temporary folder, llama.cpp and the installed model (make up LLM=local), the first titles
of the lists in bench/data. The aim: 100 tasks within 20 seconds. Twenty tasks were decided before, as eight examples
want some.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

# Run as a file, it finds the packages beside it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.bootstrap.instances import Instance, wait_for

TASKS, DECIDED = 100, 20
#: What lies in an inbox: lines that were thrown in, or tasks as their lists describe them.
KINDS = ("by their titles", "with descriptions")
PASSWORD = "correct-horse-9-battery"
DATA = Path(__file__).parent / "data" / "personas"


def read_tasks(count: int) -> list[dict[str, str]]:
    """Titles, descriptions and levels."""
    lines = [line for path in sorted(DATA.glob("*.jsonl")) for line in path.open()]
    return [json.loads(line) for line in lines[:count]]


def main(count: int) -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as name:
        variables = {
            "ADMIN_USERNAME": "ada",
            "ADMIN_EMAIL": "ada@example.org",
            "ADMIN_PASSWORD": PASSWORD,
            "RATE_LIMITS": "off",
            "PLUGINS": "llm_local",
            "PLUGIN_LLM_LOCAL__ENGINE": "llama_cpp",
        }
        instance = Instance(Path(name) / "data", variables)
        instance.start()
        try:
            with httpx.Client(base_url=f"{instance.url}/api/v1/", timeout=60) as client:
                for kind in KINDS:
                    measure(client, count, kind)
        finally:
            instance.stop()


def measure(client: httpx.Client, count: int, kind: str) -> None:
    """One batch, after the model is ready."""
    body = {"username": "ada", "password": PASSWORD, "name": kind}
    client.headers["Authorization"] = f"Bearer {client.post('auth/tokens', json=body).json()['token']}"
    project = client.post("projects", json={"name": f"Inbox {kind}"}).json()["id"]
    tasks = read_tasks(DECIDED + count)
    for task in tasks[:DECIDED]:
        client.post("tasks", json={"project": project, "title": task["title"], "priority": task["priority"]})
    described = [describe(project, task, kind) for task in tasks[DECIDED:]]
    asked = [client.post("tasks", json=each).json()["id"] for each in described]

    def has_model() -> bool:
        options = {"Prefer": "wait=20"}
        found = client.post(f"tasks/{asked[0]}/priority-suggestions", json={}, headers=options).json()
        return any(signal["source"] == "model" and not signal["error"] for signal in found["signals"])

    wait_for(has_model, 120)
    began = time.perf_counter()
    batch = client.post("priority-suggestions/bulk", json={"tasks": asked}).json()["batch"]
    seen: list[tuple[float, int]] = []
    while not seen or seen[-1][1] < count:
        done = client.get(f"priority-suggestions/batches/{batch}").json()["done"]
        if not seen or done > seen[-1][1]:
            seen.append((time.perf_counter() - began, done))
        # As a page would; each look costs the machine a little.
        time.sleep(0.5)
    results = client.get(f"priority-suggestions/batches/{batch}").json()["results"]
    signals = [signal for found in results for signal in found["signals"] if signal["source"] == "model"]
    answered = sum(not signal["error"] for signal in signals)
    took = statistics.median(signal["latency_ms"] for signal in signals)
    print(
        f"\nTasks {kind}. Progress (s: tasks):",
        ", ".join(f"{at:.1f}: {done}" for at, done in seen[:: max(1, len(seen) // 8)]),
    )
    print(f"{count} tasks in {seen[-1][0]:.1f} s; the model answered {answered}, each in {took:.0f} ms (median).")


def describe(project: str, task: dict[str, str], kind: str) -> dict[str, str]:
    """A task without a level."""
    description = task.get("description") or ""
    return {"project": project, "title": task["title"], "description": description if kind == KINDS[1] else ""}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TASKS)
