"""The examples of `docs/quick-add.md` are what the parser does."""

import re
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.domain.quick_add.corpus import outcome, read_corpus

_ROW = re.compile(r"^\| `(.+?)` \| `(.+?)` \| (?:`(.*?)` )?\|$", re.MULTILINE)
_NOW = "@ Europe/Berlin 2026-11-24T10:00"


def test_every_example_of_the_page_is_read_as_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "quick-add.md").read_text(encoding="utf-8")
    rows = _ROW.findall(page)
    assert len(rows) == page.count("\n| `")
    lines = tmp_path / "page.txt"
    lines.write_text("\n".join([_NOW, *(" | ".join(row) for row in rows)]), encoding="utf-8")
    cases = list(read_corpus(lines))
    assert len(cases) > 70
    assert [(case.text, outcome(case)) for case in cases] == [(case.text, case.expected) for case in cases]
