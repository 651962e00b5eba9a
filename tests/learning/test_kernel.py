from datetime import date, timedelta

import numpy as np
import pytest

from taskflow.learning.features import encode
from taskflow.learning.kernel import Block, Scales, compare, due_alike, join, likeness, stack
from tests.learning.world import NOW, household, task

SCALES = Scales()


def block(*tasks: object, mine: bool = True) -> Block:
    return stack([encode(facts, NOW, "UTC") for facts in tasks], [mine] * len(tasks))  # type: ignore[arg-type]


def test_it_is_symmetric_and_positive() -> None:
    examples = household()
    encodings = [encode(example.facts, example.decided_at, "UTC") for example in examples]
    known = stack(encodings, [n % 3 > 0 for n in range(len(encodings))])

    kernel = compare(known, known, SCALES)

    assert kernel == pytest.approx(kernel.T, abs=1e-4)
    assert np.linalg.eigvalsh(kernel).min() > -1e-4


def test_likeness_falls_with_the_words_shared() -> None:
    known = block(task("Pay the rent"), task("Pay rent for March"), task("Repot the monstera"))

    same, near, far = likeness(block(task("Pay the rent")), known)

    assert same > near > far
    assert same == pytest.approx(0.9)


def test_tasks_of_one_project_are_more_alike() -> None:
    asked = block(task("a", project="Home"))
    known = block(task("b", project="Home"), task("b", project="Work"))

    kernel = compare(asked, known, SCALES)[0]

    assert kernel[0] > kernel[1]


def test_no_project_is_not_a_project_in_common() -> None:
    asked = block(task("abc", due_date=date(2026, 3, 5)))
    known = block(task("xyz", due_date=date(2026, 3, 5)), task("xyz", due_date=date(2026, 3, 5), project="Home"))

    kernel = compare(asked, known, Scales(place=0.0, topics=0.0, topics_due=0.0, shape=0.0))[0]

    assert kernel[0] == pytest.approx(kernel[1])


def test_undated_tasks_are_alike_and_unlike_dated_ones() -> None:
    blocks = block(task("a"), task("b"), task("c", due_at=NOW + timedelta(days=1)))

    alike = due_alike(blocks, blocks, SCALES)

    assert alike[0, 1] == 1
    assert alike[0, 2] == 0
    assert alike[2, 2] == 1


def test_decisions_of_others_count_for_less() -> None:
    mine, others = block(task("Pay rent")), block(task("Pay rent"), mine=False)

    assert compare(mine, others, SCALES)[0, 0] == pytest.approx(SCALES.shared * compare(mine, mine, SCALES)[0, 0])


def test_joined_rows_are_those_of_both() -> None:
    first, second = block(task("a"), task("b"), task("c")), block(task("d"))

    joined = join(first, np.array([2, 0]), second)

    assert compare(joined, joined, SCALES) == pytest.approx(
        compare(whole := block(task("c"), task("a"), task("d")), whole, SCALES)
    )
