"""The import rules of the house, checked with every test run."""

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
