"""The benchmark of what a model adds, on one list with made-up answers."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taskflow.domain.priority import LEVELS

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bench" / "model_quality.py"


def write(folder: Path, name: str, sure: float) -> None:
    """Answers to the questions about one list: `sure` of the level that was decided, the rest even."""
    from model_schedule import read_rows

    rows = [row for row in read_rows() if row.name == "tuning/shop" and len(row.known) in {0, 40}]
    asked = {(row.name, task, row.seen(task)): row.tasks[task].level for row in rows for task in row.asked}
    asked |= {(row.name, task, row.seen(task)): row.tasks[task].level for row in rows for task in row.recorded}
    with (folder / f"{name}.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["list", "task", "told", *LEVELS])
        for key, decided in asked.items():
            writer.writerow([*key, *(sure if level == decided else (1 - sure) / 3 for level in LEVELS)])


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), "--scores", str(folder), "--resamples", "20", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ).stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    write(tmp_path, "knowing", 0.9)
    write(tmp_path, "even", 0.25)
    return tmp_path


def test_it_tells_a_model_that_knows_from_one_that_says_nothing(folder: Path) -> None:
    rows: list[dict[str, Any]] = json.loads(run(folder, "--lists", "--json"))

    assert [(row["model"], row["decisions"]) for row in rows] == [
        (model, count) for model in ("even", "knowing") for count in (0, 40, None)
    ]
    assert rows[0]["change"] == rows[3]["change"] == pytest.approx([0, 0, 0], abs=1e-9)
    even, knowing, whole = rows[1], rows[4], rows[5]
    assert even["base"] == knowing["base"]
    assert knowing["blend"]["log_loss"] < even["base"]["log_loss"] - 0.05
    assert knowing["share"] > 0.9 > 0.2 > even["share"]
    assert abs(even["change"][0]) < 0.005
    assert whole["tasks"] == rows[3]["tasks"] + rows[4]["tasks"]
    assert 0 > whole["change"][0] > knowing["change"][0]
    assert even["alone"]["log_loss"] == pytest.approx(1.386, abs=0.001)


def test_it_prints_a_table_of_the_models_that_were_asked_for(folder: Path) -> None:
    lines = run(folder, "--model", "even").splitlines()

    assert lines[0].startswith("| list | decisions | of them asked | tasks | model |")
    assert {line.split(" | ")[0] for line in lines[2:]} == {"| tuning lists"}
    assert len(lines) == 5
