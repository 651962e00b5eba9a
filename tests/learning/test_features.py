import math
import subprocess
import sys
from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pytest

from taskflow.learning.features import Encoding, encode
from tests.learning.world import NOW, task

PROGRAM = """
from tests.learning.world import NOW, task
from taskflow.learning.features import encode
encoding = encode(task("Pay rent tomorrow", project="Home", labels=("bills", "flat")), NOW, "UTC")
print(float(encoding.text @ range(len(encoding.text))), float(encoding.labels.argmax()), encoding.project)
"""


def test_encodings_do_not_depend_on_the_process() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert len(outputs) == 1


@pytest.mark.parametrize(
    "facts",
    [
        task(""),
        task("   "),
        task("\ud800 lone surrogate"),
        task("ПОЗВОНИТЬ врачу 🩺 明日"),
        task("x" * 500, description="word " * 20_000),
        task("a", labels=tuple(f"label{n}" for n in range(200)), parent="P", estimate_minutes=10**12),
        task("far", due_date=date.max),
        task("long ago", due_date=date.min),
    ],
)
def test_any_task_has_finite_numbers(facts: object) -> None:
    encoding = encode(facts, NOW, "America/St_Johns")  # type: ignore[arg-type]

    for field in fields(Encoding):
        values = np.asarray(getattr(encoding, field.name), dtype=float)
        assert np.isfinite(values).all() or field.name == "due"
        if field.name in ("text", "topics", "cues", "labels", "place"):
            assert np.linalg.norm(values) == pytest.approx(1, abs=1e-5) or not values.any()


def test_a_due_date_is_measured_from_the_moment_of_asking() -> None:
    facts = task("x", due_at=NOW + timedelta(days=2))

    assert encode(facts, NOW, "UTC").due == pytest.approx(math.log1p(8))
    assert encode(facts, NOW + timedelta(days=2), "UTC").due == 0
    assert encode(facts, NOW + timedelta(days=3), "UTC").due < 0
    assert math.isnan(encode(replace(facts, due_at=None), NOW, "UTC").due)
