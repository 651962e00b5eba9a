"""docs/dependencies.md names every dependency of the core and of the bundled plugins, and nothing else."""

import re
import tomllib

from tests.docs.blocks import ROOT


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9-]+", requirement)
    assert found is not None
    return found[0]


def test_every_dependency_has_its_reason() -> None:
    own, wanted = set(), set()
    for file in [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]:
        project = tomllib.loads(file.read_text())
        own.add(project["project"]["name"])
        groups = [
            project["project"]["dependencies"],
            *project["project"].get("optional-dependencies", {}).values(),
            *project.get("dependency-groups", {}).values(),
        ]
        wanted |= {name_of(requirement) for group in groups for requirement in group}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    named = set(re.findall(r"^\| ([a-z0-9-]+) \| (?!licence)", page, re.MULTILINE))
    assert named == wanted - own
