"""How a question is cut into pieces. One that is too long would end the process: llama.cpp asserts its length."""

import pytest

from taskflow_llm_local.llama.model import ALIGNED, CHUNK, LEAST, split


@pytest.mark.parametrize("length", [LEAST, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, *range(100, 1_500, 37)])
def test_no_piece_is_too_long_or_short_or_begins_between(length: int) -> None:
    pieces = split(range(length))
    assert [token for piece in pieces for token in piece] == list(range(length))
    assert all(LEAST <= len(piece) <= CHUNK for piece in pieces)
    assert all(piece[0] % ALIGNED == 0 for piece in pieces)


def test_less_than_the_least_is_one_piece() -> None:
    assert [list(piece) for piece in split(range(3))] == [[0, 1, 2]]
    assert split([]) == []
