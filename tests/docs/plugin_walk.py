"""Executes a page on plugins, in an environment and against an instance of its own, with a model that answers."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from taskflow.testing.servers import FakeOpenAI
from tests.bootstrap.instances import clean_environment
from tests.docs.blocks import blocks, settle
from tests.docs.test_client_walk import ACCOUNT, post
from tests.docs.test_readme_walk import MARK, run_instance
from tests.environments import make_environment

#: Where the pages say that a model's server and the instance are.
_MODEL, _INSTANCE = "http://127.0.0.1:11434/v1", "http://localhost:8000"


class Walk:
    """The page's shell blocks, run in `folder` by one shell; `taskflow` and `python` are the environment's."""

    def __init__(self, folder: Path, page: Path) -> None:
        self._folder, self._page, self._stack = folder, page, ExitStack()

    def __enter__(self) -> "Walk":
        environment = make_environment(self._folder / "environment")
        binary = environment.python.with_name("taskflow")
        binary.write_text(f'#!/bin/sh\nexec {environment.python} -m taskflow.bootstrap.main "$@"\n')
        binary.chmod(0o755)
        self._model = self._stack.enter_context(FakeOpenAI())
        self._model.reply = lambda said: '{"priority": "urgent", "confidence": 0.9}' if "<task>" in said else "Yes."
        self._instance = self._stack.enter_context(run_instance(self._folder, str(binary)))
        self._environment = clean_environment({"DATA_DIR": str(self._folder / "data")}) | {
            "PATH": f"{binary.parent}{os.pathsep}{os.environ['PATH']}",
            "TOKEN": post(f"{self._instance}/api/v1/auth/tokens", ACCOUNT)["token"],
            # What builds packages is here already, and no index is asked.
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_INDEX": "1",
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def compare(self) -> None:
        """Each text block is what the shell block before it printed."""
        found = blocks(self._page)
        shell = [block for block in found if block.language == "sh"]
        shown = [
            after.text if after.language in {"text", "json"} else None
            for before, after in pairwise([*found, found[0]])
            if before.language == "sh"
        ]
        outputs = self._run("".join(f"echo '{MARK} {number}'\n{block.text}" for number, block in enumerate(shell)))
        for block, output, wanted in zip(shell, outputs, shown, strict=True):
            assert wanted is None or steady(output) == steady(self._place(wanted)), f"{block}:\n{output}"

    def _run(self, script: str) -> Iterator[str]:
        done = subprocess.run(
            ["bash", "-eu", "-c", self._place(script)],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return iter(re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)[1:])

    def _place(self, text: str) -> str:
        return text.replace(_MODEL, self._model.url).replace(_INSTANCE, self._instance)


def steady(output: str) -> str:
    """`output` without what no two runs share."""
    return re.sub(r"\b\d+ ms\b", "<time>", settle(output))
