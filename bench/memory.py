"""How much memory a running instance takes: proportional set size (PSS) of every process, after some requests.

    python bench/memory.py

The promise is at most 250 MB for all processes together.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROMISE_KB = 250_000


def read_pss(pid: int) -> int:
    """Proportional set size in kB: shared pages count by their share."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0])


def list_processes(parent: int) -> list[tuple[str, int]]:
    """The supervisor and its children, named."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [("supervisor", parent), *zip(("web", "worker"), map(int, children), strict=True)]


def main() -> int:
    """Measure, print a table; the exit code says whether the promise holds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "taskflow.bootstrap.main", "up", "--json", "--no-browser", "--demo"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [*command, "--port", port, "--data-dir", folder],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            json.loads(process.stdout.readline())
            for path in ["/accounts/login/", "/api/v1/schema", "/readyz"] * 50:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    answer.read()
            time.sleep(2)
            measured = [(name, read_pss(pid)) for name, pid in list_processes(process.pid)]
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    total = sum(size for _, size in measured)
    for name, size in [*measured, ("together", total)]:
        print(f"{name:<12}{size / 1000:>8.1f} MB")
    return int(total > PROMISE_KB)


if __name__ == "__main__":
    sys.exit(main())
