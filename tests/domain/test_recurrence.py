"""When a recurring task comes next."""

import time as clocks
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from taskflow.domain.errors import Invalid
from taskflow.domain.recurrence import Basis, Due, Occurrence, next_occurrence, parse_rule, shift_day, shift_instant

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE, KIRITIMATI = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Kiritimati")


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str, zone: ZoneInfo) -> datetime:
    """An instant from the time that clocks in `zone` show, the first one where it comes twice."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def days_of(rule: str, start: str, count: int, basis: Basis = Basis.DUE) -> list[str]:
    """The due days of a series of which each task is done on the day on which it is due."""
    due, found = Due(on=day(start)), []
    for _ in range(count):
        assert due.on is not None
        done = datetime.combine(due.on, time(12), UTC)
        following = next_occurrence(rule, basis, due, completed_at=done, zone=ZoneInfo("UTC"))
        if following is None:
            break
        due, rule = following.due, following.rule
        found.append(str(due.on))
    return found


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY", "2026-12-30", ["2026-12-31", "2027-01-01"]),
        ("FREQ=DAILY;INTERVAL=3", "2026-12-30", ["2027-01-02", "2027-01-05"]),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-11-27", ["2026-11-30", "2026-12-01"]),
        ("FREQ=DAILY;BYMONTH=1", "2026-11-27", ["2027-01-01", "2027-01-02"]),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "2026-11-24", ["2026-11-30", "2026-12-07"]),
        ("FREQ=WEEKLY", "2026-11-24", ["2026-12-01", "2026-12-08"]),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "2026-11-24", ["2026-11-26", "2026-11-30", "2026-12-03"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-11-23", ["2026-11-26", "2026-12-07", "2026-12-10"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "2026-11-22", ["2026-11-23", "2026-12-06"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO", "2026-11-22", ["2026-11-30", "2026-12-06"]),
        # The 31st, in months that have none.
        ("FREQ=MONTHLY", "2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("FREQ=MONTHLY", "2026-01-30", ["2026-02-28", "2026-03-30"]),
        ("FREQ=MONTHLY", "2028-01-30", ["2028-02-29", "2028-03-30"]),
        ("FREQ=MONTHLY;INTERVAL=3", "2026-08-31", ["2026-11-30", "2027-02-28", "2027-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31", ["2026-03-31", "2026-05-31", "2026-07-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", ["2026-02-28", "2026-03-31", "2026-04-30"]),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "2026-01-31", ["2026-02-01", "2026-02-15", "2026-03-01"]),
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-11-10", ["2026-12-08", "2027-01-12"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27", ["2026-12-25", "2027-01-29"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-11-30", ["2026-12-31", "2027-01-29"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-11-13", ["2027-08-13"]),
        # Leap days.
        ("FREQ=YEARLY", "2024-02-29", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2024-02-29", ["2028-02-29", "2032-02-29"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2096-02-29", ["2104-02-29"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2024-02-29", ["2044-02-29"]),
        ("FREQ=YEARLY;INTERVAL=4", "2024-02-29", ["2028-02-29"]),
        ("FREQ=YEARLY;BYYEARDAY=-1,60", "2027-06-01", ["2027-12-31", "2028-02-29", "2028-12-31", "2029-03-01"]),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", "2026-01-01", ["2026-12-28", "2032-12-27"]),
        ("FREQ=YEARLY;BYWEEKNO=20", "2026-11-24", ["2027-05-18", "2028-05-16"]),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-11-01", ["2026-11-26", "2027-11-25"]),
        ("FREQ=YEARLY;BYMONTH=3,9", "2026-03-31", ["2026-09-30", "2027-03-31"]),
        # The end of a series.
        ("FREQ=DAILY;COUNT=3", "2026-11-24", ["2026-11-25", "2026-11-26"]),
        ("FREQ=DAILY;COUNT=1", "2026-11-24", []),
        ("FREQ=DAILY;UNTIL=20261126", "2026-11-24", ["2026-11-25", "2026-11-26"]),
        ("FREQ=DAILY;UNTIL=20261126T000000Z", "2026-11-24", ["2026-11-25", "2026-11-26"]),
        ("FREQ=DAILY;UNTIL=20261126T000000", "2026-11-24", ["2026-11-25", "2026-11-26"]),
        ("FREQ=DAILY;UNTIL=20200101", "2026-11-24", []),
        ("FREQ=YEARLY", "9998-06-01", []),
        ("FREQ=DAILY", "9998-12-31", []),
    ],
)
def test_each_task_is_followed_by_the_next_day_of_its_rule(rule: str, start: str, expected: list[str]) -> None:
    assert days_of(rule, start, max(1, len(expected)) if "COUNT" not in rule and "UNTIL" not in rule else 9) == expected


def test_the_count_shrinks_with_every_task() -> None:
    due = Due(on=day("2026-11-24"))
    done = at("2026-11-24T12:00", BERLIN)
    following = next_occurrence("FREQ=DAILY;COUNT=10;INTERVAL=2", Basis.DUE, due, completed_at=done, zone=BERLIN)
    assert following == Occurrence(Due(on=day("2026-11-26")), 2, "FREQ=DAILY;COUNT=9;INTERVAL=2")


@pytest.mark.parametrize(
    ("rule", "basis", "due", "done", "expected"),
    [
        # Counted from the due date: after it, and after today.
        ("FREQ=WEEKLY", Basis.DUE, "2026-11-23", "2026-11-24", "2026-11-30"),
        ("FREQ=WEEKLY", Basis.DUE, "2026-10-05", "2026-11-24", "2026-11-30"),
        ("FREQ=WEEKLY", Basis.DUE, "2026-12-07", "2026-11-24", "2026-12-14"),
        ("FREQ=DAILY", Basis.DUE, "2016-11-24", "2026-11-24", "2026-11-25"),
        ("FREQ=DAILY;INTERVAL=3", Basis.DUE, "2026-11-20", "2026-11-24", "2026-11-26"),
        ("FREQ=WEEKLY;INTERVAL=2", Basis.DUE, "1996-01-01", "2026-11-24", "2026-12-07"),
        ("FREQ=MONTHLY", Basis.DUE, "2026-01-31", "2026-11-24", "2026-11-30"),
        # Counted from the day of completion.
        ("FREQ=DAILY;INTERVAL=3", Basis.COMPLETION, "2026-11-20", "2026-11-24", "2026-11-27"),
        ("FREQ=DAILY;INTERVAL=3", Basis.COMPLETION, "2026-12-20", "2026-11-24", "2026-11-27"),
        ("FREQ=MONTHLY", Basis.COMPLETION, "2026-01-05", "2026-01-31", "2026-02-28"),
        ("FREQ=WEEKLY;BYDAY=MO", Basis.COMPLETION, "2026-11-20", "2026-11-24", "2026-11-30"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", Basis.COMPLETION, "2026-11-20", "2026-11-24", "2026-11-30"),
        # With nothing due there is only the day of completion.
        ("FREQ=WEEKLY", Basis.DUE, None, "2026-11-24", "2026-12-01"),
        ("FREQ=WEEKLY", Basis.COMPLETION, None, "2026-11-24", "2026-12-01"),
    ],
)
def test_both_bases(rule: str, basis: Basis, due: str | None, done: str, expected: str) -> None:
    was = Due(on=None if due is None else day(due))
    following = next_occurrence(rule, basis, was, completed_at=at(f"{done}T12:00", BERLIN), zone=BERLIN)
    assert following is not None
    assert following.due == Due(on=day(expected), day=following.due.day)
    assert following.days == (day(expected) - day(due or done)).days


@pytest.mark.parametrize(
    ("zone", "rule", "due", "expected"),
    [
        # 09:00 stays 09:00, whatever that is in UTC.
        (BERLIN, "FREQ=DAILY", "2026-03-28T09:00", ["2026-03-29T07:00", "2026-03-30T07:00"]),
        (BERLIN, "FREQ=DAILY", "2026-10-24T09:00", ["2026-10-25T08:00", "2026-10-26T08:00"]),
        (NEW_YORK, "FREQ=WEEKLY", "2026-03-01T09:00", ["2026-03-08T13:00", "2026-03-15T13:00"]),
        (NEW_YORK, "FREQ=WEEKLY", "2026-10-25T09:00", ["2026-11-01T14:00", "2026-11-08T14:00"]),
        (LORD_HOWE, "FREQ=DAILY", "2026-10-03T09:00", ["2026-10-03T22:00", "2026-10-04T22:00"]),
        (LORD_HOWE, "FREQ=DAILY", "2026-04-04T09:00", ["2026-04-04T22:30", "2026-04-05T22:30"]),
        # A time that the clocks skip comes later that night, and where it was from the next day on.
        (BERLIN, "FREQ=DAILY", "2026-03-28T02:30", ["2026-03-29T01:30", "2026-03-30T00:30", "2026-03-31T00:30"]),
        (NEW_YORK, "FREQ=DAILY", "2026-03-07T02:30", ["2026-03-08T07:30", "2026-03-09T06:30"]),
        (LORD_HOWE, "FREQ=DAILY", "2026-10-03T02:15", ["2026-10-03T15:45", "2026-10-04T15:15"]),
        # A time that comes twice comes the first time.
        (BERLIN, "FREQ=DAILY", "2026-10-24T02:30", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        (NEW_YORK, "FREQ=DAILY", "2026-10-31T01:30", ["2026-11-01T05:30", "2026-11-02T06:30"]),
        (LORD_HOWE, "FREQ=DAILY", "2026-04-04T01:45", ["2026-04-04T14:45", "2026-04-05T15:15"]),
        # Days are those of the zone: this is the first of a month there, and the last but one of one in UTC.
        (KIRITIMATI, "FREQ=MONTHLY", "2026-12-01T09:00", ["2026-12-31T19:00", "2027-01-31T19:00"]),
        (NEW_YORK, "FREQ=MONTHLY", "2026-01-31T22:00", ["2026-03-01T03:00", "2026-04-01T02:00"]),
        (BERLIN, "FREQ=DAILY;UNTIL=20260330T060000Z", "2026-03-28T08:00", ["2026-03-29T06:00", "2026-03-30T06:00"]),
        (BERLIN, "FREQ=DAILY;UNTIL=20260330T075900", "2026-03-28T08:00", ["2026-03-29T06:00"]),
        (BERLIN, "FREQ=DAILY;UNTIL=20260330", "2026-03-28T23:30", ["2026-03-29T21:30", "2026-03-30T21:30"]),
    ],
)
def test_a_timed_task_keeps_its_time_on_the_wall(zone: ZoneInfo, rule: str, due: str, expected: list[str]) -> None:
    was, found = Due(at=at(due, zone)), []
    for _ in range(len(expected) + ("UNTIL" in rule)):
        assert was.at is not None
        following = next_occurrence(rule, Basis.DUE, was, completed_at=was.at, zone=zone)
        if following is None:
            break
        was = following.due
        assert was.at is not None
        found.append(was.at.strftime("%Y-%m-%dT%H:%M"))
    assert found == expected


def test_a_timed_task_that_is_done_late_comes_at_its_own_time() -> None:
    was = Due(at=at("2026-11-20T09:00", BERLIN))
    done = at("2026-11-24T23:30", BERLIN)
    for basis, expected in ((Basis.DUE, "2026-11-26T09:00"), (Basis.COMPLETION, "2026-11-27T09:00")):
        following = next_occurrence("FREQ=DAILY;INTERVAL=3", basis, was, completed_at=done, zone=BERLIN)
        assert following is not None
        assert following.due.at == at(expected, BERLIN)


def test_today_is_that_of_the_zone() -> None:
    done = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    for zone, expected in ((NEW_YORK, "2026-11-25"), (BERLIN, "2026-11-26")):
        following = next_occurrence("FREQ=DAILY", Basis.DUE, Due(on=day("2026-11-01")), completed_at=done, zone=zone)
        assert following is not None
        assert following.due.on == day(expected)


def test_spans_shift_by_days_and_keep_their_time() -> None:
    assert shift_day(day("2026-02-27"), 2) == day("2026-03-01")
    assert shift_instant(at("2026-03-28T09:00", BERLIN), 1, BERLIN) == at("2026-03-29T09:00", BERLIN)
    assert shift_day(None, 2) is None
    assert shift_instant(None, 2, BERLIN) is None
    assert shift_day(day("9998-12-31"), 2) is None
    assert shift_day(day("9998-12-31"), 10**8) is None


DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
dates = st.dates(date(1970, 1, 1), date(2200, 1, 1))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules of every form that RFC 5545 allows for days."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 12))}"]

    def add(name: str, values: st.SearchStrategy[object], chance: int = 3) -> bool:
        chosen = draw(st.integers(0, chance)) == 0
        if chosen:
            parts.append(f"{name}={','.join(map(str, draw(st.lists(values, min_size=1, max_size=4, unique=True))))}")
        return chosen

    signed = st.integers(-31, 31).filter(bool)
    some = add("BYMONTH", st.integers(1, 12))
    if frequency != "WEEKLY":
        some |= add("BYMONTHDAY", signed)
    if frequency == "YEARLY":
        some |= add("BYYEARDAY", st.integers(-366, 366).filter(bool), 6)
    weeks = frequency == "YEARLY" and add("BYWEEKNO", st.integers(1, 53), 6)
    if weeks:
        # Without days dateutil means all seven of a week, RFC 5545 the start's.
        parts.append("BYDAY=" + ",".join(draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True))))
        some = True
    elif frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
        # dateutil means "and" where RFC 5545 means "or" between numbered and plain days.
        some |= add(
            "BYDAY",
            st.tuples(st.sampled_from([1, 2, 3, 4, -1, -2]), st.sampled_from(DAYS)).map(lambda t: f"{t[0]}{t[1]}"),
        )
    else:
        some |= add("BYDAY", st.sampled_from(DAYS), 1)
    if some:
        add("BYSETPOS", st.integers(-5, 5).filter(bool), 4)
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    return ";".join(parts)


def readable(text: str) -> str:
    try:
        parse_rule(text)
    except Invalid:
        assume(False)
    return text


@given(rules(), dates, dates, st.sampled_from(Basis), st.booleans())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_the_next_is_after_the_old_one_and_after_today_and_comes_soon(
    text: str, due: date, done: date, basis: Basis, timed: bool
) -> None:
    readable(text)
    was = Due(at=at(f"{due}T02:30", BERLIN)) if timed else Due(on=due)
    started = clocks.process_time()
    following = next_occurrence(text, basis, was, completed_at=at(f"{done}T12:00", BERLIN), zone=BERLIN)
    assert clocks.process_time() - started < 1
    if following is None:
        return
    new = following.due.on if following.due.at is None else following.due.at.astimezone(BERLIN).date()
    assert new is not None
    assert new > done
    if basis is Basis.DUE:
        assert new > due
    assert (following.due.at is not None) is timed


@given(rules(), dates, st.integers(0, 2000))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_the_next_is_what_dateutil_says_where_the_two_mean_the_same(text: str, due: date, late: int) -> None:
    rule = parse_rule(readable(text))
    # Ours gives the last day of a month that has no 31st, where the rule itself names no day.
    assume(not rule.follows_start or due.day <= 28)
    done = due + timedelta(days=late)
    start = datetime.combine(due, time())
    end = f"{done + timedelta(days=3000):%Y%m%d}"
    # With an end, the other one stops as well.
    theirs = rrulestr(f"{text};UNTIL={end}", dtstart=start).after(datetime.combine(done, time()))
    ours = next_occurrence(
        f"{text};UNTIL={end}", Basis.DUE, Due(on=due), completed_at=at(f"{done}T12:00", BERLIN), zone=BERLIN
    )
    if theirs is not None:
        assert ours is not None
        assert ours.due.on == theirs.date()
    elif ours is not None:
        # A rule that its own interval never lets happen is put on its feet.
        assert rule.interval > 1
