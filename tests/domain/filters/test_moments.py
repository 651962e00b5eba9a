"""What dates of the filter language mean, in the reader's time zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from taskflow.domain.filters.moments import day_start, parse_when, resolve

BERLIN = ZoneInfo("Europe/Berlin")
#: A Tuesday in Berlin, where it is 00:30; still Monday in UTC.
NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("now", NOW),
        ("now-90min", datetime(2026, 11, 23, 22, 0, tzinfo=UTC)),
        ("now+2h", datetime(2026, 11, 24, 1, 30, tzinfo=UTC)),
        ("now+1m", datetime(2026, 12, 23, 23, 30, tzinfo=UTC)),
        ("today", date(2026, 11, 24)),
        ("yesterday", date(2026, 11, 23)),
        ("tomorrow", date(2026, 11, 25)),
        ("today+7d", date(2026, 12, 1)),
        ("today-1w", date(2026, 11, 17)),
        ("today+3m", date(2027, 2, 24)),
        ("today+1y", date(2027, 11, 24)),
        ("today+9h", datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
        ("startofweek", date(2026, 11, 23)),
        ("endofweek", date(2026, 11, 29)),
        ("endofweek+1w", date(2026, 12, 6)),
        ("startofmonth", date(2026, 11, 1)),
        ("endofmonth", date(2026, 11, 30)),
        ("startofyear", date(2026, 1, 1)),
        ("endofyear", date(2026, 12, 31)),
        ("2026-12-01", date(2026, 12, 1)),
        ("2026-12-01T09:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_relative_date_counts_from_the_readers_own_day(text: str, meaning: date) -> None:
    found = resolve(parse_when(text), NOW, BERLIN)
    assert (type(found), found) == (type(meaning), meaning)


def test_a_month_that_is_too_short_gives_its_last_day() -> None:
    now = datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert resolve(parse_when("today+1m"), now, UTC) == date(2027, 2, 28)
    assert resolve(parse_when("endofmonth+1m"), now, UTC) == date(2027, 2, 28)


def test_days_keep_the_clocks_time_over_a_clock_change_and_hours_do_not() -> None:
    noon_before = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)
    assert resolve(parse_when("now+1d"), noon_before, BERLIN) == datetime(2026, 10, 25, 11, 0, tzinfo=UTC)
    assert resolve(parse_when("now+24h"), noon_before, BERLIN) == datetime(2026, 10, 25, 10, 0, tzinfo=UTC)


def test_a_day_whose_midnight_is_skipped_begins_when_the_clock_jumps() -> None:
    assert day_start(date(2026, 9, 6), ZoneInfo("America/Santiago")) == datetime(2026, 9, 6, 4, 0, tzinfo=UTC)
