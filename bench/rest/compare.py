"""The REST interface against Limit (FastAPI, a psycopg pool, hand-written SQL): ratios of one run, in turn.

    python -m bench.rest.compare --seed seed.json --url http://127.0.0.1:9310 --limit http://127.0.0.1:9311 \
        --limit-token FILE --rounds 7

Both servers run already, over databases that were filled by `bench.rest.seed` and `bench/rest/reference/seed.py` and
vacuumed. Each round measures every scenario on both, one after the other, in an order that turns round each time; a
table of medians and of the medians of the rounds' ratios is printed. A round with a failed request is dropped.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LOAD = Path(__file__).with_name("reference") / "httpload.py"
#: Scenario → the most that TaskFlow's p50 may be of Limit's, and the least share of its throughput at 16.
GOALS = {"get": (2.5, 0.45), "list": (2.5, 0.45), "search": (2.0, 0.45), "create": (2.5, 0.35), "update": (2.5, 0.35)}
#: Writes into one project instead of 32, whose row they all wait for; reported without a goal.
REPORTED = ("create_one", "update_one")


def taskflow_scenarios(seed: dict[str, Any], folder: Path, size: str) -> dict[str, Any]:
    """What is asked of TaskFlow: reads in the project of that size, writes over 32 projects."""
    project = seed["projects"][size]
    writable = [key for key in seed["projects"] if key.startswith("W")]
    tasks, projects, others = folder / "tasks", folder / "projects", folder / "others"
    tasks.write_text("\n".join(seed["tasks"][size]))
    projects.write_text("\n".join(seed["projects"][key] for key in writable))
    others.write_text("\n".join(seed["tasks"][key][place] for place in range(50) for key in writable))
    one, within = folder / "one", folder / "within"
    one.write_text(seed["projects"][writable[0]])
    within.write_text("\n".join(seed["tasks"][writable[0]]))
    body = {"project": "{id}", "title": "Task {i} alpha review", "description": "Written by the measurement {rnd}"}
    create = {
        "method": "POST",
        "path": "/api/v1/tasks",
        "body": body | {"due_date": "2026-12-24", "priority": "medium"},
    }
    update = {"method": "PATCH", "path": "/api/v1/tasks/{id}", "body": {"title": "Changed {rnd}"}}
    return {
        "headers": {"Authorization": f"Bearer {seed['token']}"},
        "scenarios": [
            {"name": "get", "method": "GET", "path": "/api/v1/tasks/{id}", "ids": str(tasks)},
            {
                "name": "list",
                "method": "GET",
                "path": f"/api/v1/tasks?project={project}&status=todo&ordering=due,priority&limit=50",
            },
            {
                "name": "search",
                "method": "GET",
                "path": f"/api/v1/tasks?project={project}&q=needleword&ordering=due,priority&limit=50",
            },
            create | {"name": "create", "ids": str(projects)},
            update | {"name": "update", "ids": str(others)},
            create | {"name": "create_one", "ids": str(one)},
            update | {"name": "update_one", "ids": str(within)},
        ],
    }


def limit_scenarios(token: str, folder: Path) -> dict[str, Any]:
    """The same of Limit; its project 2 has 100,000 tasks."""
    ids = folder / "limit"
    ids.write_text("\n".join(str(10_000 + number * 50) for number in range(1, 2000)))
    body = {"project": 1, "title": "Task {i} alpha review", "description": "Written by the measurement {rnd}"}
    create = {"method": "POST", "path": "/api/tasks/", "body": body | {"due": "2026-12-24", "priority": 3}}
    update = {"method": "PATCH", "path": "/api/tasks/{id}/", "ids": str(ids), "body": {"title": "Changed {rnd}"}}
    return {
        "headers": {"Authorization": f"Token {token}"},
        "scenarios": [
            {"name": "get", "method": "GET", "path": "/api/tasks/{id}/", "ids": str(ids)},
            {"name": "list", "method": "GET", "path": "/api/tasks/?project=2&status=open"},
            {"name": "search", "method": "GET", "path": "/api/tasks/?project=2&q=needleword"},
            *(create | {"name": name} for name in ("create", "create_one")),
            *(update | {"name": name} for name in ("update", "update_one")),
        ],
    }


def measure(url: str, scenarios: Path, name: str, concurrency: int, seconds: float) -> dict[str, Any] | None:
    """One scenario's figures; None when a request failed."""
    command = [sys.executable, str(LOAD), "--base", url, "--scenarios", str(scenarios), "--only", name]
    command += ["--c", str(concurrency), "-n", "1000000", "-d", str(seconds)]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(line)
    if found["errors"] or any(not code.startswith("2") for code in found["codes"]):
        print(f"dropped: {line.strip()[:400]}", file=sys.stderr)
        return None
    return found


def time_fsync(folder: Path) -> float:
    """Milliseconds of one write of 8 kB and its fsync, the median of 50."""
    spans = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 8192)
            file.flush()
            os.fsync(file.fileno())
            spans.append((time.perf_counter() - began) * 1000)
    return statistics.median(spans)


def main() -> int:
    """Measure and print; the exit code says whether every goal is reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--limit", required=True)
    parser.add_argument("--limit-token", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", default=",".join((*GOALS, *REPORTED)))
    parser.add_argument("--size", default="T100000")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    files = {}
    for system, document in (
        ("taskflow", taskflow_scenarios(json.loads(Path(options.seed).read_text()), folder, options.size)),
        ("limit", limit_scenarios(Path(options.limit_token).read_text().strip(), folder)),
    ):
        files[system] = folder / f"{system}.json"
        files[system].write_text(json.dumps(document))
    urls = {"taskflow": options.url, "limit": options.limit}
    print(f"fsync of 8 kB: {time_fsync(folder):.2f} ms")
    figures: dict[tuple[str, int, str], list[float]] = {}
    ratios: dict[tuple[str, int], list[float]] = {}
    for turn in range(options.rounds):
        for name in options.only.split(","):
            for concurrency in (1, 16):
                order = ("taskflow", "limit") if turn % 2 else ("limit", "taskflow")
                found = {
                    system: measure(urls[system], files[system], name, concurrency, options.seconds) for system in order
                }
                if None in found.values():
                    continue
                figure = "p50" if concurrency == 1 else "rps"
                values = {system: float(held[figure]) for system, held in found.items() if held is not None}
                for system, value in values.items():
                    figures.setdefault((name, concurrency, system), []).append(value)
                ratios.setdefault((name, concurrency), []).append(values["taskflow"] / values["limit"])
    print("| | TaskFlow p50 ms | Limit p50 ms | ratio | TaskFlow /s at 16 | Limit /s at 16 | share |")
    print("|---|---|---|---|---|---|---|")
    reached = True
    for name in options.only.split(","):
        cells = []
        for concurrency in (1, 16):
            middle = {system: statistics.median(figures[name, concurrency, system]) for system in ("taskflow", "limit")}
            ratio = statistics.median(ratios[name, concurrency])
            cells += [f"{middle['taskflow']:.2f}", f"{middle['limit']:.2f}", f"{ratio:.2f}"]
            most, least = GOALS.get(name, (math.inf, 0.0))
            reached &= ratio <= most if concurrency == 1 else ratio >= least
        print(f"| {name} | {' | '.join(cells)} |")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
