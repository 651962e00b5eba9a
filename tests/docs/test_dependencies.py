"""docs/dependencies.md names every dependency, and nothing else."""

import re
import tomllib

from tests.docs.blocks import ROOT


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9-]+", requirement)
    assert found is not None
    return found[0]


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    optional = [r for group in project["project"].get("optional-dependencies", {}).values() for r in group]
    wanted = {
        name_of(r) for r in [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *optional]
    }
    page = (ROOT / "docs" / "dependencies.md").read_text()
    named = set(re.findall(r"^\| ([a-z0-9-]+) \| (?!licence)", page, re.MULTILINE))
    assert named == wanted
