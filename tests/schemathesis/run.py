"""Generated requests against a live instance: `python tests/schemathesis/run.py [--quick] [schemathesis options]`.

schemathesis lives in an environment of its own, `.venv-schemathesis`, which is made when it is missing. Exit code 0
when no check failed. `--quick` is a seeded run of a minute or two.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-schemathesis"
VERSION = "schemathesis==4.32.5"
PASSWORD = "correct-horse-9-battery"
START_SECONDS = 60

#: Positive data may well be refused: a project that nobody has, a cursor of no list.
CHECKS = ",".join(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "allow_header_conformance",
        "use_after_free",
        "ensure_resource_availability",
        "ignored_auth",
    ]
)
QUICK = ["--max-examples", "3", "--seed", "1", "--phases", "fuzzing"]
LONG = ["--max-examples", "60", "--phases", "examples,coverage,fuzzing,stateful"]
#: What can end the account or the token that the requests are made with, and so the sense of every test after it:
#: these run last, and on an instance of their own.
ENDING = ["delete_me", "delete_token", "delete_current_token", "update_user"]


#: Where not all or nothing is asked for, what is wrong with one operation stands in an answer 200.
TOLERANT = "bulk_tasks"
#: What is seldom reached by ids that were found on the way: these run once more, with ids of things that are there.
DEEP = [
    *("get_label", "update_label", "get_suggestion", "accept_suggestion", "override_suggestion", "dismiss_suggestion"),
    *("get_batch", "get_member", "change_role", "add_member", "move_task", "request_suggestion", "update_comment"),
]


def main(arguments: list[str]) -> int:
    """Runs schemathesis four times, on new instances; 0 when no run found anything."""
    profile = QUICK if "--quick" in arguments else LONG
    options = [*profile, *(argument for argument in arguments if argument != "--quick")]
    command = ensure_environment()
    return max(
        run(command, options, [f"--exclude-operation-id={name}" for name in (*ENDING, TOLERANT)]),
        run(
            command,
            options,
            [f"--include-operation-id={TOLERANT}"],
            checks=CHECKS.replace("negative_data_rejection,", ""),
        ),
        run(command, options, [f"--include-operation-id={name}" for name in ENDING]),
        run(command, options, [f"--include-operation-id={name}" for name in DEEP], with_ids=True),
    )


def run(command: Path, options: list[str], choice: list[str], *, checks: str = CHECKS, with_ids: bool = False) -> int:
    """schemathesis against a new instance; its exit code."""
    with serve() as (address, token), tempfile.TemporaryDirectory() as folder:
        ids = make_things(address, token) if with_ids else {}
        configuration = Path(folder) / "schemathesis.toml"
        given = "".join(f'"path.{name}" = "{ids[name]}"\n' for name in ids)
        configuration.write_text(f"[parameters]\n{given}")
        line = [
            *(str(command), "--config-file", str(configuration), "run", f"{address}/api/v1/schema?format=json"),
            *("--header", f"Authorization: Bearer {token}", "--checks", checks),
            *("--continue-on-failure", "--request-timeout", "20", "--no-color", *options, *choice),
        ]
        return subprocess.run(line, cwd=folder, check=False).returncode


def make_things(address: str, token: str) -> dict[str, str]:
    """One of each thing that an address can name."""

    def post(path: str, body: dict[str, object]) -> dict[str, str]:
        return ask(address, path, body, {"Authorization": f"Bearer {token}", "Prefer": "wait=20"})

    project = post("projects", {"name": "Home"})["id"]
    task = post("tasks", {"title": "Pay rent", "project": project})["id"]
    return {
        "project": project,
        "task": task,
        "username": "fuzz",
        "comment": post(f"tasks/{task}/comments", {"body": "Hello"})["id"],
        "label": post("labels", {"project": project, "name": "money"})["id"],
        "batch": post("priority-suggestions/bulk", {"project": project})["batch"],
        "suggestion": post(f"tasks/{task}/priority-suggestions", {})["id"],
    }


def ensure_environment() -> Path:
    """The schemathesis command, installed where it is missing."""
    command = ENVIRONMENT / "bin" / "schemathesis"
    stamp = ENVIRONMENT / VERSION
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        python = ENVIRONMENT / "bin" / "python"
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", VERSION], check=True)
        stamp.touch()
    return command


@contextmanager
def serve() -> Iterator[tuple[str, str]]:
    """A new instance on a free port: its address, and an administrator's token."""
    with tempfile.TemporaryDirectory(prefix="taskflow-fuzz-") as folder:
        port = find_port()
        variables = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
        variables |= {
            "TASKFLOW_DATA_DIR": folder,
            "TASKFLOW_RATE_LIMITS": "off",
            "TASKFLOW_ADMIN_USERNAME": "fuzz",
            "TASKFLOW_ADMIN_EMAIL": "fuzz@example.org",
            "TASKFLOW_ADMIN_PASSWORD": PASSWORD,
        }
        log = Path(folder) / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("taskflow")), "up", "--port", str(port), "--no-browser"],
                env=variables,
                stdout=output,
                stderr=output,
            )
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(address, process)
            yield address, make_token(address)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
            report_errors(log)


def find_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Returns once the instance answers; `RuntimeError` when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The instance did not start (exit code {process.poll()}).")


def make_token(address: str) -> str:
    """An API token of the administrator."""
    return ask(address, "auth/tokens", {"username": "fuzz", "password": PASSWORD, "name": "fuzz"}, {})["token"]


def ask(address: str, path: str, body: dict[str, object], headers: dict[str, str]) -> dict[str, str]:
    """The answer to a POST."""
    request = urllib.request.Request(
        f"{address}/api/v1/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        document: dict[str, str] = json.load(response)
        return document


def report_errors(log: Path) -> None:
    """Prints what the server logged of requests that it could not answer."""
    lines = log.read_text(errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if "Traceback" in line or "Internal Server Error" in line]
    for number in starts[:5]:
        sys.stderr.write("\n".join([*lines[max(0, number - 2) : number + 60], ""]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
