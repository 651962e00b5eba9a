"""What Todoist's words about repeating mean."""

from datetime import date

import pytest

from taskflow.domain.importers.english_rules import read_every

TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "rule", "basis", "first"),
    [
        ("every day", "FREQ=DAILY", "due", TUESDAY),
        ("Every 3 days", "FREQ=DAILY;INTERVAL=3", "due", TUESDAY),
        ("every! 3 days", "FREQ=DAILY;INTERVAL=3", "completion", TUESDAY),
        ("every other week", "FREQ=WEEKLY;INTERVAL=2", "due", TUESDAY),
        ("every month", "FREQ=MONTHLY", "due", TUESDAY),
        ("every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "due", TUESDAY),
        ("every mon, thu", "FREQ=WEEKLY;BYDAY=MO,TH", "due", date(2026, 11, 26)),
        ("every Monday and friday", "FREQ=WEEKLY;BYDAY=MO,FR", "due", date(2026, 11, 27)),
    ],
)
def test_what_is_understood(text: str, rule: str, basis: str, first: date) -> None:
    found = read_every(text, TUESDAY)
    assert found is not None
    assert (found.rule, found.basis, found.first) == (rule, basis, first)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "every", "every 0 days", "every day at 9", "every mo", "every 2 hours", "every mon, 5th"]
)
def test_what_is_not(text: str) -> None:
    assert read_every(text, TUESDAY) is None
