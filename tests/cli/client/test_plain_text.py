"""Untrusted text, addresses and dates, as the client commands read and show them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from taskflow.interfaces.cli.client.addresses import is_local, read_address
from taskflow.interfaces.cli.client.dates import describe_due, read_zone
from taskflow.interfaces.cli.client.plain_text import plain

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))


def test_text_is_harmless_and_as_long_as_it_was() -> None:
    text = "a\x1b[2Jb\x9b\u202ec\u2066\u200b\ud800\u2028\x07\n\t"
    assert plain(text) == "a�[2Jb��c�����  "
    assert len(plain(text)) == len(text)
    untouched = "Größe 日本語 👩\u200d💻 नमस्ते"
    assert plain(untouched) == untouched


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("tasks.example.org", "https://tasks.example.org"),
        ("HTTPS://Tasks.example.org/", "https://tasks.example.org"),
        ("https://example.org/tasks/api/v1/", "https://example.org/tasks"),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, address: str) -> None:
    assert read_address(text) == address
    assert read_address(address) == address


def test_only_this_machine_is_local() -> None:
    assert all(is_local(f"http://{host}") for host in ("localhost", "a.localhost", "127.9.9.9", "[::1]:80"))
    assert not any(is_local(f"http://{host}") for host in ("localhost.example.org", "10.0.0.1", "[", ""))


@pytest.mark.parametrize(
    ("fields", "text", "nearness"),
    [
        ({"due_date": "2026-11-24"}, "today", "today"),
        ({"due_date": "2026-11-25"}, "tomorrow", "soon"),
        ({"due_date": "2026-11-23"}, "yesterday", "overdue"),
        ({"due_date": "2026-11-20"}, "4 days ago", "overdue"),
        ({"due_date": "2026-11-28"}, "Sat", "soon"),
        ({"due_date": "2026-12-24"}, "24 Dec", "later"),
        ({"due_date": "2027-01-02"}, "2 Jan 2027", "later"),
        ({"due_at": "2026-11-24T07:30:00Z"}, "today 08:30", "overdue"),
        ({"due_at": "2026-11-24T23:30:00Z"}, "tomorrow 00:30", "soon"),
    ],
)
def test_due_dates_are_told_from_the_readers_day(fields: dict[str, str], text: str, nearness: str) -> None:
    due = describe_due(fields, NOW)
    assert due is not None
    assert (due.text, due.nearness) == (text, nearness)


def test_no_date_and_an_unknown_zone_are_no_error() -> None:
    assert describe_due({"due_date": None, "due_at": None}, NOW) is None
    assert str(read_zone("Mars/Base")) == "UTC"
