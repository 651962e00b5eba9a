"""docs/plugins/quality-checklist.md says how each point is proved, by contracts and commands that there are."""

import re

from taskflow.testing import contracts
from tests.docs.blocks import ROOT
from tests.docs.test_filters import words

PAGE = (ROOT / "docs" / "plugins" / "quality-checklist.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| point")
]


def test_the_tiers_follow_each_other() -> None:
    assert re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) == ["Listed", "Good", "Excellent"]


def test_the_contracts_named_are_those_of_the_kit() -> None:
    assert set(re.findall(r"`(\w+Contract)`", PAGE)) == set(contracts.__all__)


def test_every_point_says_how_it_is_proved() -> None:
    assert len(ROWS) > 20
    for point, proof in ROWS:
        named = {word for word in words(proof) if word.endswith("Contract")}
        assert named or "a reader" in proof or "the same" in proof or "taskflow plugins" in proof, point
