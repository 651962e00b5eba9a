"""Small decided worlds for the tests of learning."""

from datetime import UTC, datetime, timedelta

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Level
from taskflow.learning.examples import Example

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def task(title: str, **fields: object) -> TaskFacts:
    return TaskFacts(**{"title": title, "created_at": NOW, **fields})  # type: ignore[arg-type]


def decided(facts: TaskFacts, level: Level, days_ago: float = 1.0, **fields: object) -> Example:
    return Example(**{"facts": facts, "level": level, "decided_at": NOW - timedelta(days=days_ago), **fields})  # type: ignore[arg-type]


def household() -> list[Example]:
    """Forty decisions of somebody for whom the garden is urgent and money is low."""
    titles: list[tuple[str, str, Level]] = [
        ("water the tomatoes", "Garden", "urgent"),
        ("sow beans row", "Garden", "urgent"),
        ("pay the gas bill", "Money", "low"),
        ("send bank letter", "Money", "low"),
        ("hang the washing", "House", "medium"),
    ]
    return [
        decided(task(f"{title} {n}", project=project), level, days_ago=50 - n)
        for n, (title, project, level) in enumerate(titles * 8)
    ]
