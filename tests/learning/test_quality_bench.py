import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bench" / "priority_quality.py"


def run(*arguments: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = (ROOT / "bench" / "data" / "tuning" / "shop.jsonl").read_text().splitlines()
    (tmp_path / "somebody.jsonl").write_text("\n".join(lines[:90]))
    return tmp_path


def test_it_reports_every_number_of_decisions_with_intervals(folder: Path) -> None:
    rows = json.loads(run("--data", str(folder), "--resamples", "20", "--json"))

    ours = {row["decisions"]: row for row in rows if row["method"] == "taskflow"}
    assert list(ours) == [0, 5, 10, 20, 40, 80]
    assert ours[80]["tasks"] == 10
    assert {row["method"] for row in rows} == {"taskflow", "tfidf"}
    for row in rows:
        for name in ("accuracy", "macro_f1", "ece"):
            value, low, high = row[name]
            assert 0 <= low <= high <= 1
            assert 0 <= value <= 1


def test_hiding_project_and_labels_changes_the_answer(folder: Path) -> None:
    shown = run("--data", str(folder), "--resamples", "5")
    hidden = run("--data", str(folder), "--resamples", "5", "--no-project")

    assert shown.startswith("| list | decisions | method | tasks | accuracy |")
    assert shown != hidden


def test_its_measures_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    from quality_metrics import calibration_error, macro_f1, mean_absolute_error, most_probable, weighted_kappa

    random = np.random.default_rng(4)
    truth = random.integers(0, 4, 300)
    probabilities = random.dirichlet([1.0] * 4, 300) + 0.5 * np.eye(4)[truth]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    answers = most_probable(probabilities)
    guess = answers.proposed

    assert weighted_kappa(truth, answers) == pytest.approx(cohen_kappa_score(truth, guess, weights="quadratic"))
    assert macro_f1(truth, answers) == pytest.approx(f1_score(truth, guess, average="macro"))
    assert mean_absolute_error(truth, answers) == pytest.approx(np.abs(truth - guess).mean())
    certain = np.eye(4)[(truth + (np.arange(300) % 4 == 0)) % 4]
    assert calibration_error(truth, most_probable(certain)) == pytest.approx(0.25)
