"""Every code block of the documentation is of a kind that some test executes, and every link leads somewhere."""

import json
import re
import subprocess
import tomllib

import pytest

from tests.docs.blocks import ROOT, Block, blocks, pages

#: Pages whose shell blocks are executed by a test of their own.
WALKED = {"README.md", "client.md", "configuration.md", "data.md", "writing.md"}
#: Languages that stand for output or data; a test of the page compares them, or they are read here.
READ = {"text", "json", "toml", "ini"}


@pytest.mark.parametrize("block", [b for page in pages() for b in blocks(page)], ids=str)
def test_every_block_runs(block: Block) -> None:
    if block.language == "json":
        json.loads(block.text)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "python":
        exec(compile(block.text, str(block), "exec"), {"__name__": "example"})
    elif block.language == "sh" and block.page.name not in WALKED:
        check_commands(block)
    else:
        assert block.language in READ | {"sh"}, f"{block}: no test knows how to run {block.language or 'this'!r}"


def check_commands(block: Block) -> None:
    """Shell blocks outside of the walk name targets of make, or commands of taskflow with options that exist."""
    for line in block.text.splitlines():
        command = line.split("#")[0].split()
        if not command:
            continue
        if command[0] == "make":
            subprocess.run(["make", "--dry-run", command[1]], cwd=ROOT, check=True, capture_output=True)
        elif command[0].endswith(("taskflow", "python")) or re.match(r"[A-Z_]+=", command[0]):
            executable = next(part for part in command if "=" not in part)
            assert (ROOT / executable).exists(), f"{block}: {executable}"
        else:
            subprocess.run(["sh", "-n", "-c", line], check=True, capture_output=True)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page) -> None:  # type: ignore[no-untyped-def]
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
