"""docs/plugins/configuration.md, executed to the letter, and its table of statuses."""

import re
from pathlib import Path

from taskflow.application.plugin_cards import Status
from tests.docs.blocks import ROOT
from tests.docs.plugin_walk import Walk

PAGE = ROOT / "docs" / "plugins" / "configuration.md"


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    with Walk(tmp_path, PAGE) as walk:
        walk.compare()


def test_the_page_tells_what_to_do_about_every_status() -> None:
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| status | what it means") :].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [status.value for status in Status]
