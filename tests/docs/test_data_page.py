"""docs/data.md, executed to the letter against a running instance."""

import json
import re
import subprocess
from urllib.request import Request, urlopen

from tests.docs.blocks import ROOT, blocks
from tests.docs.test_readme_walk import MARK, instance

__all__ = ["instance"]


def make_token(instance: str) -> str:
    """A token of the account that the README's walk signs up."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    password = re.findall(r"^PASSWORD=(\S+)$", text, re.MULTILINE)[0]
    body = json.dumps({"username": "ada", "password": password, "name": "data"}).encode()
    request = Request(f"{instance}/api/v1/auth/tokens", body, {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        return str(json.load(answer)["token"])


def test_the_page_shows_what_happens(instance: str) -> None:
    page = blocks(ROOT / "docs" / "data.md")
    shell = [block for block in page if block.language == "sh"]
    script = "".join(f"echo '{MARK} {number}'\n{block.text}" for number, block in enumerate(shell))
    script = script.replace("http://localhost:8000", instance)
    done = subprocess.run(
        ["bash", "-eu", "-c", f"TOKEN={make_token(instance)}\n{script}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    outputs = re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)[1:]
    shown = [block.text for block in page if block.language == "text"]
    assert [output.strip() for output in outputs[1:]] == [text.strip() for text in shown]
