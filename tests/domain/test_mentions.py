"""Who a text speaks to."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskflow.domain.mentions import MOST, find_mentions


def names(text: str) -> list[str]:
    return [readings[-1] for readings in find_mentions(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@ada please look", ["ada"]),
        ("Hello @ada, @bob-2 and @łukasz!", ["ada", "bob-2", "łukasz"]),
        ("(@ada) [@bob] *@eve* **@zoe** “@kim”", ["ada", "bob", "eve", "zoe", "kim"]),
        ("@ada's idea", ["ada"]),
        ("ask @ada.", ["ada"]),
        ("@ada @ada @Ada", ["ada", "Ada"]),
        ("- @ada\n- @bob", ["ada", "bob"]),
        ("> @ada wrote", ["ada"]),
        ("mail ada@example.org or bob+x@example.org", []),
        ("see https://example.org/@ada and example.org/@bob", []),
        ("https://example.org/?user=@ada&x=@bob", []),
        ("@ada@example.social", []),
        ("\\@ada", []),
        ("@ ada, @@ada, a@ada, @", []),
        ("`@ada` and ``@b`ob`` but @eve", ["eve"]),
        ("`open @ada", ["ada"]),
        ("`one\n@ada` line further", []),
        ("`one\n\n@ada` paragraph further", ["ada"]),
        ("```\n@ada\n```\n@bob", ["bob"]),
        ("```python\n@ada\n", []),
        ("~~~\n@ada\n```\n@bob\n~~~\n@eve", ["eve"]),
        ("````\n```\n@ada\n````\n@bob", ["bob"]),
        ("- ```\n  @ada\n  ```\n@bob", ["bob"]),
        ("> ```\n> @ada\n> ```\n@bob", ["bob"]),
        ("```not a fence` @ada", ["ada"]),
        ("~~@ada~~", ["ada"]),
        ("", []),
    ],
)
def test_mentions_are_found_outside_of_code_and_addresses(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_a_name_at_the_end_of_a_sentence_may_end_before_its_stop() -> None:
    assert find_mentions("Ask @ada.lovelace-.") == [("ada.lovelace-.", "ada.lovelace-", "ada.lovelace")]


def test_nobody_speaks_to_a_crowd() -> None:
    assert len(find_mentions(" ".join(f"@u{number}" for number in range(1000)))) == MOST


@given(st.text(alphabet="@ada`~\n >-\\.b/", max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for readings in find_mentions(text):
        assert all(f"@{name}" in text for name in readings)


@pytest.mark.parametrize(
    "bit", ["`", "@", "@a", "` ``", "```\n", "> ", "@a.", "-", "@" + "." * 50, "~~~", "`@ada\n", "@a" * 32]
)
def test_a_hostile_text_costs_no_time(bit: str) -> None:
    started = time.process_time()
    find_mentions((bit * 100_000)[:100_000])
    find_mentions("".join("`" * number + " " for number in range(440)))
    assert time.process_time() - started < 3
