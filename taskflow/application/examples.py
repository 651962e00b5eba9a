"""Gathers the decisions that a suggestion learns from."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import LEVELS, Level, Priority
from taskflow.domain.prompts import MOST_EXAMPLES
from taskflow.learning.examples import MAX_EXAMPLES, Example
from taskflow.store.models import Decision, Membership
from taskflow.store.models.suggestions import DecisionKind

_LEVEL_OF: dict[int, Level] = {Priority(level).rank: level for level in LEVELS}


def gather_examples(user_id: UUID | None, project_id: UUID) -> list[Example]:
    """What this person decided anywhere, and what others decided in this project, newest first.

    Where others read the advice too, titles from elsewhere are not to be quoted.
    """
    shared = Membership.objects.filter(project_id=project_id).count() > 1
    found = (
        Decision.objects.filter(Q(user_id=user_id) | Q(project_id=project_id))
        .order_by("-decided_at")
        .values_list("user_id", "task_id", "task__project_id", "kind", "priority", "facts", "decided_at")
    )
    rows = found[: 2 * MAX_EXAMPLES]
    # What the person decided about a task stands, whatever they dismissed later or others decided there.
    own = {task for decider, task, _, kind, *_ in rows if decider == user_id and kind != DecisionKind.DISMISS}
    return [
        Example(
            facts=TaskFacts.from_json(facts),
            level=_LEVEL_OF[rank],
            decided_at=decided_at,
            mine=decider == user_id,
            refused=kind == DecisionKind.DISMISS,
            citable=home == project_id or not shared,
            task_id=str(task),
        )
        for decider, task, home, kind, rank, facts, decided_at in rows
        if task not in own or (decider == user_id and kind != DecisionKind.DISMISS)
    ]


def about_others(examples: Sequence[Example], task_id: UUID) -> list[Example]:
    """The decisions about other tasks: from one about the task itself, advice on it would only be an echo."""
    return [example for example in examples if example.task_id != str(task_id)]


def quote_decisions(user_id: UUID | None, project_id: UUID, *, besides: UUID) -> tuple[tuple[str, Level], ...]:
    """Titles and levels of what this person decided about other tasks of this very project, newest first: nothing else
    is quoted to a language model.

    Titles are those of now. One that was changed, or that the task had in another project when it was decided, is not
    told any more, and what is in the trash neither.
    """
    if user_id is None:
        return ()
    found = (
        Decision.objects.filter(user_id=user_id, project_id=project_id, task__project_id=project_id)
        .filter(task__deleted_at=None)
        .exclude(kind=DecisionKind.DISMISS)
        .exclude(task_id=besides)
        .order_by("-decided_at")
        .values_list("task_id", "task__title", "priority")
    )
    latest: dict[UUID | None, tuple[str, Level]] = {}
    # Some tasks were decided more than once.
    for task, title, rank in found[: 4 * MOST_EXAMPLES]:
        latest.setdefault(task, (title, _LEVEL_OF[rank]))
    return tuple(latest.values())[:MOST_EXAMPLES]
