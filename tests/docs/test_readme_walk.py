"""The README's walk, executed to the letter against a running instance: sign in by the link, then every shell block."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from tests.docs.blocks import ROOT, Block, blocks, settle

MARK = "@@@ block"
LINK = re.compile(r"http://\S+/sign-in/\S+")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[str]:
    """A fresh instance, signed up as ada; its address."""
    with run_instance(tmp_path, str(Path(sys.executable).with_name("taskflow"))) as address:
        yield address


@contextmanager
def run_instance(folder: Path, taskflow: str) -> Iterator[str]:
    """An instance with its data in `folder`, signed up as ada, started with the command `taskflow`; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "log").open("w+")
    command = [taskflow, "up", "--port", str(port), "--no-browser"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    environment["TASKFLOW_DATA_DIR"] = str(folder / "data")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    try:
        sign_up(wait_for_link(process, folder / "log"))
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        log.close()


def wait_for_link(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(600):
        found = LINK.search(log.read_text())
        if found:
            return found[0]
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no sign-in link: {log.read_text()}")


def sign_up(link: str) -> None:
    """Opens the link and fills in its form, as a browser would."""
    jar = CookieJar()
    browser: OpenerDirector = build_opener(HTTPCookieProcessor(jar))
    browser.open(link).read()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    password = next(p for p in re.findall(r"^PASSWORD=(\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE))
    form = {"csrfmiddlewaretoken": token, "username": "ada", "email": "", "password1": password, "password2": password}
    answer = browser.open(link, urlencode(form).encode())
    assert answer.status == 200, answer.status


def walk() -> list[Block]:
    """The blocks below the heading of the walk."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start = text[: text.index("## A walk")].count("\n") + 1
    return [block for block in blocks(ROOT / "README.md") if block.line > start]


def test_the_walk_gives_what_the_readme_shows(instance: str) -> None:
    shell = [block for block in walk() if block.language == "sh"]
    script = "".join(f"echo '{MARK} {number}'\n{block.text}" for number, block in enumerate(shell))
    script = script.replace("http://localhost:8000", instance)
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    outputs = re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    shown = expected_outputs()
    assert len(shown) >= 6
    for number, wanted in shown.items():
        assert settle(outputs[number]) == settle(wanted), f"{shell[number]}\n{outputs[number]}"


def expected_outputs() -> dict[int, str]:
    """The text or json block directly after a shell block, by the shell block's number."""
    outputs: dict[int, str] = {}
    number = -1
    previous = ""
    for block in walk():
        if block.language == "sh":
            number += 1
        elif block.language in {"text", "json"} and previous == "sh":
            outputs[number] = block.text
        previous = block.language
    return outputs
