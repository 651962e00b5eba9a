"""When tasks are due, in the words of somebody who looks at them now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Due:
    """When: the words for it, and how near it is (`overdue`, `today`, `soon`, `later`)."""

    text: str
    nearness: str


def read_zone(name: str) -> ZoneInfo:
    """The zone of this name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def describe_due(task: Mapping[str, Any], now: datetime) -> Due | None:
    """When the task is due, seen from `now` (aware, in the reader's zone); None without a date."""
    today = now.date()
    if task.get("due_at"):
        moment = datetime.fromisoformat(task["due_at"]).astimezone(now.tzinfo)
        clock = f"{moment:%H:%M}"
        nearness = "overdue" if moment < now else _nearness(moment.date(), today)
        return Due(f"{_name_day(moment.date(), today)} {clock}", nearness)
    if task.get("due_date"):
        day = date.fromisoformat(task["due_date"])
        return Due(_name_day(day, today), _nearness(day, today))
    return None


def _nearness(day: date, today: date) -> str:
    days = (day - today).days
    return "overdue" if days < 0 else "today" if days == 0 else "soon" if days < 7 else "later"


def _name_day(day: date, today: date) -> str:
    days = (day - today).days
    if -7 < days < -1:
        return f"{-days} days ago"
    if -1 <= days <= 1:
        return ("yesterday", "today", "tomorrow")[days + 1]
    if 1 < days < 7:
        return f"{day:%a}"
    return f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b} {day.year}"
