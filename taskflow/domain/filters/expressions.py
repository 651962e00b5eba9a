"""What a filter says, as frozen data. Everything in it is checked: names, operators, and the kinds of values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from taskflow.domain.priority import Priority


class Name(StrEnum):
    """What a comparison can be about."""

    TITLE = "title"
    DESCRIPTION = "description"
    STATUS = "status"
    PRIORITY = "priority"
    DUE = "due"
    START = "start"
    CREATED = "created"
    UPDATED = "updated"
    COMPLETED = "completed"
    LABEL = "label"
    ASSIGNEE = "assignee"
    PROJECT = "project"
    KEY = "key"
    PARENT = "parent"
    URGENCY = "urgency"
    OVERDUE = "overdue"
    BLOCKED = "blocked"
    ESTIMATE = "estimate"


class Operator(StrEnum):
    """How a comparison compares; `IN` has a list of values, all others have one."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    CONTAINS = "~"
    IN = "in"


class Base(StrEnum):
    """Where a relative date counts from, in the reader's time zone. `now` is an instant, all others are days."""

    NOW = "now"
    TODAY = "today"
    TOMORROW = "tomorrow"
    YESTERDAY = "yesterday"
    START_OF_WEEK = "startofweek"
    END_OF_WEEK = "endofweek"
    START_OF_MONTH = "startofmonth"
    END_OF_MONTH = "endofmonth"
    START_OF_YEAR = "startofyear"
    END_OF_YEAR = "endofyear"


class Unit(StrEnum):
    """What a relative date counts in. Minutes and hours make an instant of a day: its midnight and so much."""

    MINUTE = "min"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"


@dataclass(frozen=True, slots=True)
class Relative:
    """`today+7d`: a base and, with a unit, so many of it later (earlier where negative)."""

    base: Base
    amount: int = 0
    unit: Unit | None = None


#: A day of the reader's calendar, an instant (aware, UTC), or either one relative to the present.
When: TypeAlias = date | datetime | Relative

Value: TypeAlias = str | bool | int | float | Priority | When


@dataclass(frozen=True, slots=True)
class Comparison:
    """`name operator value`; false for a task that has no such value."""

    name: Name
    operator: Operator
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """A name alone: the task has such a value."""

    name: Name


@dataclass(frozen=True, slots=True)
class Not:
    """What does not hold."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    parts: tuple["Expression", ...]


Expression: TypeAlias = Comparison | Present | Not | And | Or
