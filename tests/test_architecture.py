"""The import rules of the house, checked with every test run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_imports_follow_the_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


def modules_of(room: str) -> list[str]:
    files = sorted((ROOT / "taskflow" / room).rglob("*.py"))
    assert files, f"taskflow/{room} is empty"
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]


@pytest.mark.parametrize("room", ["config", "domain", "learning"])
def test_a_pure_room_loads_no_django(room: str) -> None:
    code = (
        "import importlib, sys\n"
        f"for name in {modules_of(room)!r}: importlib.import_module(name)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('django', 'rest_framework')])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_the_package_itself_imports_nothing() -> None:
    code = "import sys; before = set(sys.modules); import taskflow; print(sorted(set(sys.modules) - before))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "['taskflow']"


def imports_of(file: Path) -> set[str]:
    """The dotted names of the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: a relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in ROOT.glob("plugins/*/src")), ids=lambda path: path.name
)
def test_a_bundled_plugin_imports_the_contract_alone(folder: Path) -> None:
    (package,) = (path.name for path in (folder / "src").iterdir() if path.is_dir())
    assert package == f"taskflow_{folder.name}"
    imported = set().union(*(imports_of(file) for file in (folder / "src").rglob("*.py")))
    ours = {name for name in imported if name.startswith("taskflow")}
    foreign = {name for name in ours if name.partition(".")[0] != package}
    assert foreign == {"taskflow.plugin_api"}
