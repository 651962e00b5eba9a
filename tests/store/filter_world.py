"""A world that random filters are run in, and what a filter means, said a second time in plain Python.

Ada has an inbox, the project HOME (once HUS) and, as a viewer, TEAM, which is Bob's; she does not see Bob's SECRET, in
which tasks are blockers, parents and former places of hers.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from taskflow.application.accounts import create_user
from taskflow.application.labels import create_label
from taskflow.application.members import add_member
from taskflow.application.projects import create_project, inbox, update_project
from taskflow.application.task_moves import move_task
from taskflow.application.tasks import create_task
from taskflow.domain.filters.expressions import (
    And,
    Comparison,
    Expression,
    Name,
    Not,
    Operator,
    Or,
    Present,
    Value,
)
from taskflow.domain.filters.moments import resolve
from taskflow.domain.permissions import SYSTEM, Actor, ProjectRole
from taskflow.domain.priority import Priority
from taskflow.domain.text import fold
from taskflow.store.models import Dependency, Project, Task
from taskflow.store.models.projects import fold_label
from taskflow.store.models.users import fold_name

ZONE = ZoneInfo("America/New_York")
#: 21:30 on Tuesday, the 24th, for Ada; Wednesday in UTC.
NOW = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
TITLES = (
    "Buy milk",
    "buy MILK",
    "Füße waschen",
    "Fuße",
    "100 % sure",
    "100_sure",
    "a\\b",
    "Résumé",
    "naïve plan",
    "Pay rent",
)
WORDS = ("milk", "MILK", "fusse", "füße", "%", "_", "\\", "resume", "a", "", "ab", "plan")
LABELS = ("home", "Garden", "straße", "100%", "café")
OPEN = {"todo", "in_progress"}


@dataclass(frozen=True, slots=True)
class World:
    """Who reads, and the ids of what they may see."""

    ada: Actor
    visible: frozenset[Any]
    secret: Project


def build_world() -> World:
    """The same world every time, with some sixty tasks."""
    dice = random.Random(3)
    ada, bob = make_user("ada", ZONE.key), make_user("Bob", "UTC")
    home = create_project(ada, {"name": "Hüs", "key": "HUS"})
    home = update_project(ada, home.pk, {"name": "Häuslich", "key": "HOME"})
    team, secret = create_project(bob, {"name": "Team"}), create_project(bob, {"name": "Secret"})
    add_member(bob, team.pk, "ada", ProjectRole.VIEWER)
    for label in LABELS:
        create_label(ada, home.pk, label)
    made: list[Task] = []
    for project, actor in (
        [(inbox(ada.person), ada)] * 10 + [(home, ada)] * 30 + [(team, bob)] * 12 + [(secret, bob)] * 8
    ):
        made.append(
            create_task(actor, random_fields(dice, project, actor, [t for t in made if t.project_id == project.pk]))
        )
    hidden = [task for task in made if task.project_id == secret.pk]
    for task in hidden[:2]:
        add_member(bob, secret.pk, "ada", ProjectRole.MEMBER)
        move_task(ada, task.pk, project=home.key)
        secret.memberships.filter(user_id=ada.person).delete()
    disorder(dice, made, hidden[2:])
    # One task waits for nothing but an open task that Ada does not see.
    waiting = Task.objects.get(project=home, number=1)
    Task.objects.filter(pk__in=[waiting.pk, hidden[-1].pk]).update(status="todo", deleted_at=None, completed_at=None)
    Dependency.objects.filter(blocked=waiting).delete()
    Dependency.objects.create(blocked=waiting, blocker=hidden[-1])
    visible = Task.objects.visible_to(ada).values_list("pk", flat=True)
    return World(ada, frozenset(visible), secret)


def make_user(username: str, timezone: str) -> Actor:
    return create_user(SYSTEM, username=username, email="", timezone=timezone).as_actor()


def random_fields(dice: random.Random, project: Project, actor: Actor, before: list[Task]) -> dict[str, Any]:
    """A task's fields; those that are dates lie around the present, some of them exactly on an edge of it."""
    days = [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 29), date(2026, 12, 1)]
    fields: dict[str, Any] = {
        "project": project.pk,
        "title": dice.choice(TITLES),
        "description": dice.choice(["", *TITLES]),
        "status": dice.choice(["todo", "todo", "in_progress", "done", "cancelled"]),
        "priority": dice.choice(list(Priority)),
        "labels": dice.sample(LABELS, dice.choice([0, 0, 1, 2])),
        "assignees": dice.choice([[], [], [actor.username]]),
    }
    due = dice.choice(["none", "day", "time"])
    if due == "day":
        fields["due_date"] = dice.choice(days)
    if due == "time":
        fields["due_at"] = dice.choice(instants())
    if dice.random() < 0.5:
        fields["start_date"] = dice.choice(days)
    if dice.random() < 0.5:
        fields["estimate_minutes"] = dice.choice([0, 15, 30, 90])
    if before and dice.random() < 0.4:
        fields["parent"] = dice.choice(before).pk
    if before and dice.random() < 0.4:
        fields["blocked_by"] = [dice.choice(before).pk]
    return fields


def instants() -> list[datetime]:
    """The present, midnights of Ada's days, and moments next to them."""
    midnights = [datetime(2026, 11, day, tzinfo=ZONE).astimezone(UTC) for day in (24, 25, 26)]
    edges = [NOW, *midnights]
    tick = timedelta(microseconds=1)
    return [*edges, *(edge - tick for edge in edges), *(edge + tick for edge in edges), NOW + timedelta(days=7)]


def disorder(dice: random.Random, tasks: list[Task], hidden: list[Task]) -> None:
    """What no use case leads to within one test: times past, stored urgency, ties to tasks that Ada does not see."""
    for task in tasks:
        done = dice.choice(instants()) if task.status == "done" else None
        trashed = NOW if dice.random() < 0.1 else None
        Task.objects.filter(pk=task.pk).update(
            created_at=dice.choice(instants()),
            updated_at=dice.choice(instants()),
            completed_at=done,
            deleted_at=trashed,
            urgency_score=dice.choice([0.0, 12.5, 50.0, 99.75]),
        )
    for task in dice.sample([task for task in tasks if task not in hidden], 6):
        Dependency.objects.get_or_create(blocked=task, blocker=dice.choice(hidden))
        if task.parent_id is None:
            Task.objects.filter(pk=task.pk).update(parent=dice.choice(hidden))


def matches(expression: Expression, task: Task, reader: Actor) -> bool:
    """Whether `task` is what `expression` describes, by the words of docs/filters.md."""
    match expression:
        case And(parts):
            return all(matches(part, task, reader) for part in parts)
        case Or(parts):
            return any(matches(part, task, reader) for part in parts)
        case Not(part):
            return not matches(part, task, reader)
        case Present(name):
            return bool(candidates(name, task, reader))
        case Comparison(name, operator, values):
            return compare(name, operator, values, task, reader)


def compare(name: Name, operator: Operator, values: tuple[Value, ...], task: Task, reader: Actor) -> bool:
    held = candidates(name, task, reader)
    if operator is Operator.CONTAINS:
        return any(contains(name, candidate, str(values[0])) for candidate in held)
    if operator is Operator.IN:
        return any(equal(name, candidate, value, task, reader) for candidate in held for value in values)
    (value,) = values
    if operator in {Operator.EQUAL, Operator.UNEQUAL}:
        same = any(equal(name, candidate, value, task, reader) for candidate in held)
        return same if operator is Operator.EQUAL else bool(held) and not same
    return any(ordered(name, operator, candidate, value) for candidate in held)


def candidates(name: Name, task: Task, reader: Actor) -> list[Any]:
    """The values that a task has of this name: none, one, or for labels and assignees several."""
    match name:
        case Name.LABEL:
            return [label.name for label in task.labels.all()]
        case Name.ASSIGNEE:
            return [user.username for user in task.assignees.all()]
        case Name.OVERDUE:
            return [task.status in OPEN and any(ordered(Name.DUE, Operator.LESS, due, NOW) for due in dues(task))]
        case Name.BLOCKED:
            waits = [blocker for blocker in task.blocked_by.all() if sees(reader, blocker)]
            return [task.status in OPEN and any(b.status in OPEN and b.deleted_at is None for b in waits)]
        case Name.DUE:
            return dues(task)
        case Name.PROJECT:
            return [task.project]
        case Name.KEY:
            return [task]
        case Name.PARENT:
            return [] if task.parent is None else [task.parent]
        case Name.PRIORITY:
            return [task.level]
    column = {
        Name.START: "start_date",
        Name.CREATED: "created_at",
        Name.UPDATED: "updated_at",
        Name.COMPLETED: "completed_at",
        Name.URGENCY: "urgency_score",
        Name.ESTIMATE: "estimate_minutes",
    }.get(name, name.value)
    found = getattr(task, column)
    return [] if found is None else [found]


def dues(task: Task) -> list[Any]:
    return [due for due in (task.due_date, task.due_at) if due is not None]


def sees(reader: Actor, task: Task) -> bool:
    return task.project.memberships.filter(user_id=reader.person).exists()


def contains(name: Name, candidate: Any, part: str) -> bool:
    match name:
        case Name.LABEL:
            return fold_label(part) in fold_label(candidate)
        case Name.ASSIGNEE:
            return fold_name(part) in fold_name(candidate)
        case Name.PROJECT:
            return fold(part) in fold(candidate.name) or part.upper() in candidate.key
        case Name.KEY:
            return part.upper() in str(candidate.key)
        case _:
            return fold(part) in fold(candidate)


def equal(name: Name, candidate: Any, value: Any, task: Task, reader: Actor) -> bool:
    match name:
        case Name.LABEL:
            return fold_label(value) == fold_label(candidate)
        case Name.ASSIGNEE:
            wanted = reader.username if value.lower() == "me" else value
            return fold_name(wanted) == fold_name(candidate)
        case Name.PROJECT:
            if value.lower() == "inbox":
                return candidate.inbox_of_id is not None and candidate.inbox_of_id == reader.user_id
            keys = {candidate.key, *candidate.former_keys.values_list("key", flat=True)}
            return value.upper() in keys or fold(value) == fold(candidate.name) or value.lower() == str(candidate.pk)
        case Name.KEY:
            return value in names_of(candidate)
        case Name.PARENT:
            return sees(reader, candidate) and value in names_of(candidate)
        case Name.TITLE | Name.DESCRIPTION:
            return fold(value) == fold(candidate)
        case Name.DUE | Name.START | Name.CREATED | Name.UPDATED | Name.COMPLETED:
            low, high = span(name, candidate, value)
            return bool(low == high)
        case _:
            return bool(candidate == value)


def names_of(task: Task) -> set[str]:
    """An id, and every key that ever led to the task."""
    places = [(task.project, task.number), *((alias.project, alias.number) for alias in task.former_keys.all())]
    keys = {
        f"{key}-{number}"
        for project, number in places
        for key in (project.key, *project.former_keys.values_list("key", flat=True))
    }
    return {str(task.pk), *keys}


def ordered(name: Name, operator: Operator, candidate: Any, value: Any) -> bool:
    if name is Name.PRIORITY:
        low, high = candidate.rank, value.rank
    elif name in {Name.URGENCY, Name.ESTIMATE}:
        low, high = candidate, value
    else:
        low, high = span(name, candidate, value)
    outcomes = {
        Operator.LESS: low < high,
        Operator.AT_MOST: low <= high,
        Operator.GREATER: low > high,
        Operator.AT_LEAST: low >= high,
    }
    return bool(outcomes[operator])


def span(name: Name, candidate: date | datetime, value: Any) -> tuple[Any, Any]:
    """Both sides as days of Ada's calendar or, where the filter names an instant, as instants."""
    meant = resolve(value, NOW, ZONE)
    if not isinstance(meant, datetime):
        return candidate.astimezone(ZONE).date() if isinstance(candidate, datetime) else candidate, meant
    if isinstance(candidate, datetime):
        return candidate, meant
    begin = datetime(candidate.year, candidate.month, candidate.day, tzinfo=ZONE).astimezone(UTC)
    following = candidate + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=ZONE).astimezone(UTC)
    # Half a microsecond before midnight: after every instant of the day, and equal to none.
    doubled = end.timestamp() * 2_000_000 - 1 if name is Name.DUE else begin.timestamp() * 2_000_000
    return round(doubled), round(meant.timestamp() * 2_000_000)
