"""Dates in English words: what is understood, and what is rather left alone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskflow.domain.importers.english_dates import parse_date

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def at(day: int, month: int, year: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2027-01-12", date(2027, 1, 12)),
        ("12 Jan 2027", date(2027, 1, 12)),
        ("12th January 2027", date(2027, 1, 12)),
        ("Oct 5 2026", date(2026, 10, 5)),
        ("Oct. 5, 2026", date(2026, 10, 5)),
        ("23 Nov", date(2026, 11, 23)),
        ("22 Nov", date(2027, 11, 22)),
        ("29 Feb", date(2028, 2, 29)),
        ("today", date(2026, 11, 23)),
        ("Tomorrow", date(2026, 11, 24)),
        ("yesterday", date(2026, 11, 22)),
        ("monday", date(2026, 11, 30)),
        ("Tue", date(2026, 11, 24)),
        ("in 3 days", date(2026, 11, 26)),
        ("in 1 week", date(2026, 11, 30)),
    ],
)
def test_a_day_is_understood(text: str, meaning: date) -> None:
    found = parse_date(text, now=MONDAY, zone=BERLIN)
    assert found == meaning
    assert not isinstance(found, datetime)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2027-01-12 14:00", at(12, 1, 2027, 14)),
        ("2027-01-12T14:00:00", at(12, 1, 2027, 14)),
        ("2027-01-12T14:00:00.000000Z", datetime(2027, 1, 12, 14, tzinfo=UTC)),
        ("2027-01-12 14:00-05:30", datetime(2027, 1, 12, 19, 30, tzinfo=UTC)),
        ("2025-03-31 at 11:00", at(31, 3, 2025, 11)),
        ("12 Jan 2027 @ 9:30", at(12, 1, 2027, 9, 30)),
        ("12 Jan at 9", at(12, 1, 2027, 9)),
        ("tomorrow 9am", at(24, 11, 2026, 9)),
        ("today at 12am", at(23, 11, 2026, 0)),
        ("friday 12:15 pm", at(27, 11, 2026, 12, 15)),
        ("tomorrow noon", at(24, 11, 2026, 12)),
        ("2026-07-01 08:00", at(1, 7, 2026, 8)),
    ],
)
def test_a_time_is_understood_in_the_users_zone(text: str, meaning: datetime) -> None:
    found = parse_date(text, now=MONDAY, zone=BERLIN)
    assert found == meaning
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


def test_a_time_that_the_clock_skips_is_a_moment_all_the_same() -> None:
    assert parse_date("2027-03-28 02:30", now=MONDAY, zone=BERLIN) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_today_is_the_users_day() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert parse_date("today", now=late, zone=BERLIN) == date(2026, 11, 24)
    assert parse_date("today", now=late, zone=UTC) == date(2026, 11, 23)


@pytest.mark.parametrize(
    "text",
    [
        *("", "every day", "every friday at 9", "jeden Tag", "mañana", "31 Feb", "31 Feb 2027", "2027-13-01"),
        *(
            "2027-01-12 25:00",
            "9am",
            "9",
            "may",
            "tomorrow 9",
            "today 13pm",
            "12/01/2027",
            "next week",
            "0001-01-01 00:00",
        ),
        *("in 9999 weeks at 99", "today " * 50, "2027-01-12 ٩:٠٠", "9999-12-31 23:59-12:00"),
    ],
)
def test_anything_else_is_left_alone(text: str) -> None:
    assert parse_date(text, now=MONDAY, zone=BERLIN) is None


words = st.sampled_from(
    [
        "today",
        "tom",
        "jan",
        "31",
        "0",
        "at",
        "@",
        "9",
        "9:30",
        "pm",
        "z",
        "+25:99",
        "9999",
        "0000-00-00",
        "feb",
        "in",
        "week",
    ]
)


# How long a text takes is another question, and a busy machine makes texts slowly.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.lists(words, max_size=7).map(" ".join), st.datetimes(timezones=st.just(UTC)))
def test_no_text_at_no_time_is_an_error(text: str, now: datetime) -> None:
    found = parse_date(text, now=now, zone=BERLIN)
    assert found is None or isinstance(found, date)
