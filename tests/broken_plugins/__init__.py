"""Plugins that misbehave, one way each, as source texts: what is proved is that nothing but they suffer from it."""

from pathlib import Path

from tests.plugin_host.distributions import make

_HEAD = """
import asyncio, os, sys, threading, time
from taskflow.plugin_api import *

manifest = Manifest(
    slug="{slug}", name="Broken", kinds={Kind.PRIORITISER, Kind.LLM_PROVIDER}, network=Network.NONE
)


class Broken:
    name = "broken"

    async def prioritise(self, request):
        {prioritise}

    async def complete(self, request):
        {prioritise}

    async def check(self):
        {prioritise}


@hookimpl
def taskflow_prioritisers(ctx):
    {prioritisers}
    return [Broken()]


@hookimpl
def taskflow_llm_providers(ctx):
    return [Broken()]
"""


def _broken(prioritise: str = "return None", prioritisers: str = "") -> str:
    return _HEAD.replace("{prioritise}", prioritise).replace("{prioritisers}", prioritisers)


#: At import, or by what they declare: none of these gets as far as being enabled.
AT_IMPORT: dict[str, str] = {
    "raises_at_import": "raise ValueError('no licence file')",
    "sys_exit_at_import": "import sys; sys.exit(3)",
    "os_exit_at_import": "import os; os._exit(3)",
    "keyboard_interrupt_at_import": "raise KeyboardInterrupt",
    "hangs_at_import": "import time; time.sleep(3600)",
    "wrong_signature": _HEAD.replace("taskflow_prioritisers(ctx)", "taskflow_prioritisers(context, more)")
    .replace("{prioritise}", "return None")
    .replace("{prioritisers}", ""),
    "wrong_slug": _broken().replace('slug="{slug}"', 'slug="another"'),
    "no_manifest": "from taskflow.plugin_api import *",
}

#: Only once they are called.
AT_WORK: dict[str, str] = {
    "raises_in_every_method": _broken("raise ZeroDivisionError('1/0 in a plugin')"),
    "exits_in_every_method": _broken("sys.exit(3)"),
    "kills_its_process": _broken("os._exit(7)"),
    "interrupts_in_every_method": _broken("raise KeyboardInterrupt"),
    "blocks_the_loop": _broken("time.sleep(3600)"),
    "never_answers": _broken("await asyncio.sleep(3600)"),
    "ignores_cancellation": _broken(
        "\n        while True:\n            try:\n                await asyncio.sleep(3600)\n"
        "            except asyncio.CancelledError:\n                continue"
    ),
    "answers_ten_megabytes": _broken("return 'x' * 10_000_000"),
    "answers_nonsense": _broken("return {'probabilities': {'low': 7}}"),
    "answers_not_a_number": _broken(
        "return {'probabilities': {'low': float('nan'), 'medium': 0, 'high': 0, 'urgent': 1}}"
    ),
    "answers_an_object": _broken("return object()"),
    "leaks_a_thread": _broken(prioritisers="threading.Thread(target=time.sleep, args=(3600,)).start()"),
    "raises_in_its_hook": _broken(prioritisers="raise ZeroDivisionError('in a hook')"),
    "returns_no_list": _broken(prioritisers="return 5"),
    "returns_no_objects": _broken(prioritisers="return [5]"),
    "fills_its_output": _broken(
        "\n        while True:\n            print('x' * 10_000)\n            await asyncio.sleep(0)"
    ),
}


def install(folder: Path, slug: str) -> None:
    """Installs one of them into a folder, as pip would."""
    code = {**AT_IMPORT, **AT_WORK}[slug]
    make(folder, slug, code.replace("{slug}", slug))


def install_all(folder: Path) -> list[str]:
    """Installs each of them, and two distributions that claim one slug; their slugs."""
    for slug in (*AT_IMPORT, *AT_WORK):
        install(folder, slug)
    for distribution in ("one-twin", "other-twin"):
        make(folder, "twin", distribution=distribution)
    return [*AT_IMPORT, *AT_WORK, "twin"]
