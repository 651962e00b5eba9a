"""The page about the client commands, executed to the letter against a running instance."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.request import Request, urlopen

from tests.docs.blocks import ROOT, blocks, settle
from tests.docs.test_readme_walk import MARK, instance

__all__ = ["instance"]

PAGE = ROOT / "docs" / "client.md"
ACCOUNT = {"username": "ada", "password": "correct-horse-9-battery", "name": "walk"}
TASKS = [{"title": "Pay rent", "priority": "urgent"}, {"title": "Read the plan"}]


def post(url: str, body: object, token: str = "") -> dict[str, str]:
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    with urlopen(Request(url, json.dumps(body).encode(), headers)) as answer:
        return dict(json.load(answer))


def steady(output: str) -> str:
    """`output` without what a model may weigh otherwise on another day."""
    return re.sub(r"[#.]{24}", "<bar>", re.sub(r" *\d+%", " <share>", settle(output)))


def test_the_page_shows_what_happens(instance: str, tmp_path: Path) -> None:
    token = post(f"{instance}/api/v1/auth/tokens", ACCOUNT)["token"]
    for task in TASKS:
        post(f"{instance}/api/v1/tasks", task, token)
    found = blocks(PAGE)
    shell = [block for block in found if block.language == "sh"]
    script = "".join(f"echo '{MARK} {number}'\n{block.text}" for number, block in enumerate(shell))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TASKFLOW_")}
    environment = kept | {"PATH": path, "XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    script = script.replace("http://localhost:8000", instance)
    done = subprocess.run(["bash", "-eu", "-c", script], env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr + done.stdout
    outputs = re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    wanted = [
        after.text if after.language == "text" else ""
        for before, after in pairwise([*found, found[0]])
        if before.language == "sh"
    ]
    assert sum(map(bool, wanted)) >= 3
    for block, output, text in zip(shell, outputs, wanted, strict=True):
        assert steady(output) == steady(text), f"{block}: {output}"
