"""Everyday lines mean what their writers meant, and no line gets a date that nobody gave it."""

from pathlib import Path

import pytest

from tests.domain.quick_add.corpus import CORPUS, EVERYDAY, HELD_OUT, Case, outcome, read_corpus

_FILES = pytest.mark.parametrize("path", [CORPUS, HELD_OUT, EVERYDAY], ids=lambda path: path.stem)
_DATES = {"due_date", "due_at", "start_date", "recurrence"}


def wrong(cases: list[Case]) -> list[str]:
    """The lines that were not read as meant, with what was made of them."""
    return [f"{case.text!r}: {outcome(case)}, not {case.expected}" for case in cases if not is_right(case)]


def is_right(case: Case) -> bool:
    parsed = case.parse()
    unknown = tuple(match.text for match in parsed.matches if match.kind.startswith("unknown_"))
    return outcome(case) == case.expected and unknown == case.unknown


def test_the_corpus_is_large_and_full_of_temptations() -> None:
    cases = list(read_corpus(CORPUS))
    assert len(cases) >= 300
    assert sum(not case.has_date for case in cases) >= 80
    assert len({case.text for case in cases}) >= 300
    assert len({case.zone.key for case in cases}) >= 4


@_FILES
def test_at_least_97_of_100_lines_are_read_as_they_were_meant(path: Path) -> None:
    cases = list(read_corpus(path))
    mistakes = wrong(cases)
    assert len(mistakes) <= 0.03 * len(cases), "\n".join(mistakes)


@_FILES
def test_no_line_gets_a_date_that_nobody_gave_it(path: Path) -> None:
    dateless = [case for case in read_corpus(path) if not case.has_date]
    assert len(dateless) >= 60
    assert {case.text: outcome(case) for case in dateless if _DATES & outcome(case).keys()} == {}
