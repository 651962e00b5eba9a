"""Time zones of calendars: by every kind of name, and by a file's own definitions, right, wrong and hostile."""

import time
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskflow.domain.importers import IMPORTERS
from taskflow.domain.importers.icalendar_zones import Zones

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DEFINITION = """BEGIN:VTIMEZONE
TZID:Here
X-LIC-LOCATION:Europe/Berlin
BEGIN:STANDARD
TZNAME:CET
DTSTART:16011028T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010325T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


def defined(text: str, name: str = "Here") -> tzinfo | None:
    zones = Zones()
    zones.define(f"BEGIN:VCALENDAR\n{text}END:VCALENDAR\n")
    return zones.find(name)


def calendar(definition: str, due: str = "20260715T120000") -> bytes:
    task = f"BEGIN:VTODO\nUID:1\nSUMMARY:Water\nDUE;TZID=Here:{due}\nEND:VTODO\n"
    return f"BEGIN:VCALENDAR\n{definition}{task}END:VCALENDAR\n".encode()


def read(data: bytes) -> Any:
    return IMPORTERS["ics"](data, name="x.ics", now=NOW, timezone="America/New_York")


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("/Europe/Berlin", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/example.org/2026/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_a_zone_is_known_by_each_of_its_names(name: str, zone: str) -> None:
    assert Zones().find(name) == ZoneInfo(zone)


@pytest.mark.parametrize(
    "name", ["", "Here", "America", "America/", "..", "../x", "a\0b", "x" * 300, "\ud800", "zone.tab"]
)
def test_what_is_no_zone_is_none(name: str) -> None:
    assert Zones().find(name) is None


def test_a_definition_is_followed_as_the_zone_that_it_describes() -> None:
    zone = defined(DEFINITION)
    assert zone is not None
    berlin = ZoneInfo("Europe/Berlin")
    # Since 1996 the rules are these; 15 minutes show both ends of every change.
    for year in (1997, 2010, 2026, 2027, 2080):
        for month, days in ((3, range(24, 32)), (7, (1,)), (10, range(24, 32)), (12, (31,))):
            for day in days:
                for minute in range(0, 240, 15):
                    wall = datetime(year, month, day, minute // 60, minute % 60)
                    assert wall.replace(tzinfo=zone).astimezone(UTC) == wall.replace(tzinfo=berlin).astimezone(UTC)


def test_a_definition_by_dates_and_one_without_changes() -> None:
    steps = DEFINITION.replace("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "RDATE:20261025T030000,20271031T030000")
    zone = defined(steps)
    assert zone is not None
    assert datetime(2026, 10, 26, 12, tzinfo=zone).astimezone(UTC).hour == 11
    assert datetime(2026, 7, 1, 12, tzinfo=zone).astimezone(UTC).hour == 10
    fixed = (
        "BEGIN:VTIMEZONE\nTZID:Here\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\n"
    )
    zone = defined(fixed + "END:STANDARD\nEND:VTIMEZONE\n")
    assert datetime(2026, 7, 1, 12, tzinfo=zone).astimezone(UTC) == datetime(2026, 7, 1, 6, 30, tzinfo=UTC)


def test_one_files_definition_means_nothing_to_another() -> None:
    mine = read(calendar(DEFINITION))
    other = read(calendar(DEFINITION.replace("+0200", "+0900")))
    without = read(calendar(""))
    assert [found.tasks[0].due_at.hour for found in (mine, other, without)] == [10, 3, 16]
    assert (len(mine.problems), len(without.problems)) == (0, 1)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY",
        "FREQ=YEARLY;BYMONTH=1;BYHOUR=1,2,3",
        "FREQ=YEARLY;BYDAY=MO,TU,WE",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;UNTIL=1",
        "FREQ=YEARLY;UNTIL=99991231",
        "FREQ=YEARLY;COUNT=9999",
        "BYMONTH=3",
        "",
    ],
)
def test_no_rule_takes_long(rule: str) -> None:
    definition = DEFINITION.replace("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", rule)
    started = time.process_time()
    assert len(read(calendar(definition, "99991231T235959")).tasks) == 1
    assert time.process_time() - started < 2


def test_beginnings_without_an_end_take_no_time_and_hide_no_definition() -> None:
    begun = "BEGIN:VTIMEZONE\n" * 50_000
    started = time.process_time()
    assert read(calendar(begun + DEFINITION)).tasks[0].due_at.hour == 10
    assert read(calendar(DEFINITION + begun)).tasks[0].due_at.hour == 10
    assert time.process_time() - started < 5


def test_names_without_end_are_not_all_looked_up() -> None:
    zones = Zones()
    assert zones.find("Europe/Berlin") is not None
    assert [zones.find(f"nowhere/at/all/{number}") for number in range(1_000)] == [None] * 1_000
    assert zones.find("Europe/Berlin") is not None
    started = time.process_time()
    assert [zones.find(f"nowhere/else/{number}") for number in range(100_000)] == [None] * 100_000
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        DEFINITION.replace("BEGIN:VTIMEZONE", " BEGIN:VTIMEZONE"),
        DEFINITION.replace("END:VTIMEZONE\n", ""),
        DEFINITION.replace("TZNAME:CET", "COMMENT:" + "x" * 20_000),
        "END:VTIMEZONE\n" + DEFINITION.partition("\n")[2],
    ],
)
def test_what_does_not_begin_end_or_fit_is_no_definition(text: str) -> None:
    assert defined(text) is None


PIECES = st.sampled_from(
    [
        *(
            "",
            "0",
            "-1",
            "+2500",
            "+0260",
            "-2359",
            "99999999T999999",
            "00010101T000000",
            "99991231T235959",
            "19701025",
        ),
        *(
            "FREQ=HOURLY",
            "BYDAY=-99SU",
            "INTERVAL=0",
            "COUNT=-1",
            "BYMONTHDAY=0",
            "UNTIL=00000000",
            ";VALUE=DATE",
            ":",
            ";",
        ),
        *(
            "BEGIN:DAYLIGHT\n",
            "END:STANDARD\n",
            "TZID:\n",
            "\nRDATE:19700101T000000,x\n",
            "\n ",
            "=",
            "\0",
            "\ud800",
            "Ü",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(DEFINITION)), st.integers(0, 30), PIECES), min_size=1, max_size=5))
def test_a_mutated_definition_is_a_zone_or_none(cuts: list[tuple[int, int, str]]) -> None:
    text = DEFINITION
    for at, length, piece in cuts:
        text = text[:at] + piece + text[at + length :]
    zone = defined(text)
    if zone is not None:
        for moment in (datetime(1, 1, 2), datetime(2026, 7, 1, 12), datetime(9999, 12, 30)):
            assert moment.replace(tzinfo=zone).astimezone(UTC).tzinfo is UTC
