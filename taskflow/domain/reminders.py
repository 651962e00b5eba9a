"""When a reminder is due."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

#: An all-day task begins with the working day: "an hour before" means 08:00.
START_OF_DAY: Final = time(9)


def remind_at(
    *, at: datetime | None, minutes_before: int | None, due_date: date | None, due_at: datetime | None, zone: tzinfo
) -> datetime | None:
    """The instant (UTC) of a reminder: `at` itself, or minutes before `due_at` or before 09:00 of `due_date` in `zone`.

    None where there is nothing to count from: the reminder waits for a due date.
    """
    if at is not None or minutes_before is None:
        return at
    if due_at is None and due_date is None:
        return None
    due = due_at or datetime.combine(due_date or date.min, START_OF_DAY, zone).astimezone(UTC)
    return due - timedelta(minutes=minutes_before)
