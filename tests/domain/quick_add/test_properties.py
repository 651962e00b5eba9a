"""Whatever is typed: no crash, and every character of it is in the title or in a match."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow.domain.quick_add import QuickAdd, parse_quick_add
from taskflow.domain.quick_add.vocabulary import FOLLOW, MONTHS, NOT_AFTER, NUMBERS, WEEKDAYS
from tests.domain.quick_add.corpus import PROJECTS, members, read_corpus

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca")
PIECES = sorted(
    {word for case in read_corpus() for word in case.text.split()}
    | {*WEEKDAYS, *MONTHS, *NUMBERS, *FOLLOW, *NOT_AFTER}
    | {
        "#home",
        "#",
        "@x",
        '"',
        "“",
        "”",
        "(",
        ")",
        "every!",
        "31",
        "29 feb",
        "1/2/2099",
        "24:00",
        "9-11am",
        ",",
        "\x00",
    }
)
words = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=12)
lines = st.one_of(st.text(max_size=120), words.map(" ".join), words.map("".join))
moments = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))


def parse(text: str, now: datetime, zone: str) -> QuickAdd:
    return parse_quick_add(text, now=now, zone=ZoneInfo(zone), projects=PROJECTS, members=members)


@settings(max_examples=400, deadline=None)
@given(lines, moments, st.sampled_from(ZONES))
def test_arbitrary_text_is_read_without_a_crash_and_completely(text: str, now: datetime, zone: str) -> None:
    parsed = parse(text, now, zone)
    position, rest = 0, ""
    for match in parsed.matches:
        assert position <= match.start < match.end <= len(text)
        assert text[match.start : match.end] == match.text
        if not match.kind.startswith("unknown_"):
            rest += text[position : match.start] + " "
            position = match.end
    rest += text[position:]
    assert re.sub(r"\s", "", rest) == re.sub(r"\s", "", parsed.title)
    assert not ("due_date" in parsed.fields and "due_at" in parsed.fields)
    if "due_at" in parsed.fields:
        assert parsed.fields["due_at"].tzinfo is UTC


@settings(max_examples=200, deadline=None)
@given(lines, moments)
def test_what_is_left_of_a_line_in_quotes_is_the_line(text: str, now: datetime) -> None:
    text = re.sub(r'["“”„«»]', "", text)
    quoted = f'"{text}"'
    if "every" not in text.lower() and "each" not in text.lower() and "ev" not in text.lower():
        parsed = parse(quoted, now, "UTC")
        assert parsed.title == " ".join(quoted.split())
        assert parsed.matches == ()
