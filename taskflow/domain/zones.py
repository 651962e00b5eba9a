"""IANA time zones and the days in them, without an overflow anywhere from year 1 to 9999."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the origin that `seconds_since_epoch` measures wall clocks from


def load_zone(name: str) -> tzinfo:
    """The IANA zone of that name; UTC if no such zone is known here, so that a stored name can never stop a sweep."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def seconds_since_epoch(moment: datetime) -> float:
    """Seconds from 1970-01-01T00:00Z to an aware `moment`, negative before it; `ValueError` for a naive one.

    Python subtracts two datetimes of one `tzinfo` by their wall clocks (an hour wrong across a clock change) and
    `astimezone` overflows near the years 1 and 9999; this does neither.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: give an aware datetime")
    return (moment.replace(tzinfo=None) - EPOCH - offset).total_seconds()


def start_of_day(day: date, zone: tzinfo) -> float:
    """Seconds since the epoch at which `day` begins in `zone`.

    Where the clock skips midnight that is the moment of the skip, where midnight comes twice it is the first one.
    """
    return seconds_since_epoch(datetime.combine(day, time.min, tzinfo=zone))


def end_of_day(day: date, zone: tzinfo) -> float:
    """Seconds since the epoch at which `day` ends in `zone`: when the next one begins."""
    if day == date.max:
        return start_of_day(day, zone) + timedelta(days=1).total_seconds()
    return start_of_day(day + timedelta(days=1), zone)


def local_date(moment: datetime, zone: tzinfo) -> date:
    """The date that a calendar in `zone` shows at an aware `moment`; at the ends of time, the nearest date there is."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return date.min if moment.year == 1 else date.max
