"""Reasons for a learned suggestion: decisions that were really made, counted and named."""

from collections.abc import Sequence

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Level
from taskflow.domain.suggestion import Reason
from taskflow.learning.examples import Example

#: Characters of a title that a reason quotes, and how many titles.
TITLE_LENGTH = 60
TITLES = 2
#: A task is called like another from this similarity (0 to 1) on.
ALIKE = 0.35


def decision_reasons(
    facts: TaskFacts, level: Level, examples: Sequence[Example], similarity: Sequence[float]
) -> tuple[Reason, ...]:
    """Why the decisions in `examples` speak for `level`: like tasks first, then the project's record, else the
    person's record.

    `similarity[i]` is how alike example i is to the task, 0 to 1.
    """
    known = [(example, value) for example, value in zip(examples, similarity, strict=True) if not example.refused]
    if not known:
        return (Reason(code="dismissals", text=f"you dismissed {count_suggestions(len(examples))}", field="title"),)
    decided, alike = [example for example, _ in known], [value for _, value in known]
    reasons = [*similar_reasons(level, decided, alike), *project_reasons(facts, level, decided)]
    return tuple(reasons) or (record_reason(level, decided),)


def similar_reasons(level: Level, examples: Sequence[Example], similarity: Sequence[float]) -> list[Reason]:
    """Reasons such as “like 3 tasks you set to urgent: …”, from the examples that are alike and were set to `level`."""
    alike = sorted(
        (
            (value, position)
            for position, (value, example) in enumerate(zip(similarity, examples, strict=True))
            if value >= ALIKE and example.level == level
        ),
        reverse=True,
    )
    mine = [examples[position] for _, position in alike if examples[position].mine]
    others = [examples[position] for _, position in alike if not examples[position].mine]
    reasons = []
    if mine:
        text = f"like {count_tasks(len(mine))} you set to {level}{quote_titles(mine)}"
        reasons.append(Reason(code="similar_decisions", text=text, field="title"))
    if others:
        text = f"like {count_tasks(len(others))} set to {level} by others in this project{quote_titles(others)}"
        reasons.append(Reason(code="similar_decisions_of_others", text=text, field="title"))
    return reasons


def project_reasons(facts: TaskFacts, level: Level, examples: Sequence[Example]) -> list[Reason]:
    """A reason such as “5 of your 8 decisions in Home were low”, when the level makes up half or more of them."""
    there = [
        example.level
        for example in examples
        if example.mine and facts.project and example.facts.project == facts.project
    ]
    count = there.count(level)
    if count < 2 or 2 * count < len(there):
        return []
    text = f"{count} of your {len(there)} decisions in “{shorten(facts.project)}” were {level}"
    return [Reason(code="project_decisions", text=text, field="project", cites=facts.project)]


def record_reason(level: Level, examples: Sequence[Example]) -> Reason:
    """How often the level was chosen at all."""
    count = sum(example.level == level for example in examples)
    if not count:
        made = "1 decision" if len(examples) == 1 else f"{len(examples)} decisions"
        return Reason(code="past_decisions", text=f"learned from {made}, none of them {level}", field="title")
    if len(examples) == 1:
        text = f"the one decision learned from was {level}"
    else:
        text = f"{count} of the {len(examples)} decisions learned from {'was' if count == 1 else 'were'} {level}"
    return Reason(code="past_decisions", text=text, field="title")


def quote_titles(examples: Sequence[Example]) -> str:
    """After a colon, the first few distinct titles that may be quoted, with an ellipsis when there are more."""
    titles = list(dict.fromkeys(shorten(example.facts.title) for example in examples if example.citable))
    if not titles:
        return ""
    quoted = ", ".join(f"“{title}”" for title in titles[:TITLES])
    return f": {quoted}, …" if len(titles) > TITLES else f": {quoted}"


def shorten(title: str) -> str:
    """A title in one line of at most `TITLE_LENGTH` characters."""
    line = " ".join(title.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"


def count_suggestions(count: int) -> str:
    """`1 suggestion`, `2 suggestions`."""
    return "1 suggestion" if count == 1 else f"{count} suggestions"


def count_tasks(count: int) -> str:
    """`1 task`, `2 tasks`."""
    return "1 task" if count == 1 else f"{count} tasks"
