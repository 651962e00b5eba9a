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
ENDING = ["delete_me", "delete_token", "update_user"]


def main(arguments: list[str]) -> int:
    """Runs schemathesis twice; 0 when both runs found nothing."""
    profile = QUICK if "--quick" in arguments else LONG
    options = [argument for argument in arguments if argument != "--quick"]
    command = ensure_environment()
    codes = [
        run(command, [*profile, *options], choice) for choice in ("--exclude-operation-id", "--include-operation-id")
    ]
    return max(codes)


def run(command: Path, options: list[str], choice: str) -> int:
    """schemathesis against a new instance, without or only with the operations of `ENDING`; its exit code."""
    with serve() as (address, token), tempfile.TemporaryDirectory() as folder:
        line = [
            *(str(command), "run", f"{address}/api/v1/schema?format=json"),
            *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS),
            *("--continue-on-failure", "--request-timeout", "20", "--no-color", *options),
        ]
        for name in ENDING:
            line += [choice, name]
        return subprocess.run(line, cwd=folder, check=False).returncode


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
    body = json.dumps({"username": "fuzz", "password": PASSWORD, "name": "fuzz"}).encode()
    request = urllib.request.Request(
        f"{address}/api/v1/auth/tokens", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        token: str = json.load(response)["token"]
        return token


def report_errors(log: Path) -> None:
    """Prints what the server logged of requests that it could not answer."""
    lines = log.read_text(errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if "Traceback" in line or "Internal Server Error" in line]
    for number in starts[:5]:
        sys.stderr.write("\n".join([*lines[max(0, number - 2) : number + 60], ""]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
