"""Which recurrence rules are taken, and what is said of the others."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow.domain.errors import Invalid
from taskflow.domain.recurrence import parse_rule


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("RRULE:FREQ=DAILY", "FREQ=DAILY"),
        (" rrule : freq=weekly ; byday = mo , -1fr ".replace("-1", ""), "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("INTERVAL=3;FREQ=MONTHLY;", "FREQ=MONTHLY;INTERVAL=3"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;WKST=SU", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;WKST=SU"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
        ("FREQ=YEARLY;BYYEARDAY=366", "FREQ=YEARLY;BYYEARDAY=366"),
        ("FREQ=DAILY;COUNT=10000", "FREQ=DAILY;COUNT=10000"),
    ],
)
def test_rules_have_a_normal_form(text: str, normal: str) -> None:
    assert parse_rule(text).text == normal
    assert parse_rule(normal).text == normal


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("20261231", date(2026, 12, 31)),
        ("20261231T225900Z", datetime(2026, 12, 31, 22, 59, tzinfo=UTC)),
        ("20261231T235960", datetime(2026, 12, 31, 23, 59, 59)),
    ],
)
def test_the_end_is_a_day_an_instant_or_a_time_on_the_wall(text: str, until: date) -> None:
    assert parse_rule(f"FREQ=DAILY;UNTIL={text}").until == until


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "syntax"),
        ("DAILY", "syntax"),
        ("FREQ=", "syntax"),
        ("FREQ=DAILY;;INTERVAL=2", "syntax"),
        ("INTERVAL=2", "syntax"),
        ("FREQ=FORTNIGHTLY", "syntax"),
        ("FREQ=SECONDLY", "too_often"),
        ("FREQ=MINUTELY", "too_often"),
        ("FREQ=HOURLY;INTERVAL=8", "too_often"),
        ("FREQ=DAILY;FREQ=WEEKLY", "duplicate"),
        ("FREQ=DAILY;BYEASTER=1", "unsupported"),
        ("FREQ=DAILY;X-OWN=1", "unsupported"),
        ("FREQ=DAILY;BYMINUTE=30", "unsupported"),
        ("DTSTART:20260101\nRRULE:FREQ=DAILY", "unsupported"),
        ("FREQ=DAILY\nRDATE:20260101", "unsupported"),
        ("FREQ=DAILY;INTERVAL=0", "range"),
        ("FREQ=DAILY;INTERVAL=-1", "range"),
        ("FREQ=DAILY;INTERVAL=1001", "range"),
        ("FREQ=DAILY;INTERVAL=" + "9" * 50, "range"),
        ("FREQ=DAILY;INTERVAL=²", "range"),
        ("FREQ=DAILY;COUNT=10001", "range"),
        ("FREQ=DAILY;UNTIL=20260230", "range"),
        ("FREQ=DAILY;UNTIL=99991231", "range"),
        ("FREQ=DAILY;UNTIL=tomorrow", "syntax"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261231", "both_ends"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "range"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "range"),
        ("FREQ=MONTHLY;BYMONTH=-1", "range"),
        ("FREQ=MONTHLY;BYMONTH=13", "range"),
        ("FREQ=WEEKLY;BYDAY=XX", "range"),
        ("FREQ=WEEKLY;BYDAY=MO,,TU", "range"),
        ("FREQ=MONTHLY;BYDAY=0MO", "range"),
        ("FREQ=MONTHLY;BYDAY=54MO", "range"),
        ("FREQ=DAILY;WKST=1", "range"),
        ("FREQ=WEEKLY;BYDAY=2MO", "combination"),
        ("FREQ=WEEKLY;BYMONTHDAY=2", "combination"),
        ("FREQ=MONTHLY;BYWEEKNO=2", "combination"),
        ("FREQ=MONTHLY;BYYEARDAY=2", "combination"),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=1MO", "combination"),
        ("FREQ=MONTHLY;BYSETPOS=1", "combination"),
        ("FREQ=" + "DAILY" * 200, "max_length"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_rule(text)
    (error,) = refused.value.errors
    assert (error.field, error.code) == ("recurrence", code)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=1000;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=6,9;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYMONTH=1;BYYEARDAY=60",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
    ],
)
def test_a_day_that_never_comes_is_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(Invalid) as refused:
        parse_rule(text)
    assert refused.value.errors[0].code == "never"
    assert time.process_time() - started < 0.5


@given(st.text(alphabet="FREQ=DAILYWKMONTH;:,+-0123456789BSUP \n", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_rule_or_an_error_of_the_field(text: str) -> None:
    for given_text in (text, f"FREQ=DAILY;{text}", f"FREQ=YEARLY;BYMONTH=2;{text}"):
        try:
            rule = parse_rule(given_text)
        except Invalid as error:
            fields = {wrong.field for wrong in error.errors}
            assert fields == {"recurrence"}
        else:
            assert parse_rule(rule.text) == rule
