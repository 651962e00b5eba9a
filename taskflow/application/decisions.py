"""What people decided about priorities: the labels that suggestions learn from."""

import json
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, F, Q

from taskflow.application.changes import Change
from taskflow.domain.events import EventType
from taskflow.domain.facts import TaskFacts
from taskflow.domain.priority import Priority
from taskflow.store.models import Decision, Suggestion, Task
from taskflow.store.models.suggestions import DecisionKind, SuggestionState
from taskflow.store.models.tasks import OPEN_STATUSES

#: A change of one of these makes a pending suggestion stale.
JUDGED_FIELDS = frozenset(
    {
        "title",
        "description",
        "due_date",
        "due_at",
        "start_date",
        "estimate_minutes",
        "labels",
        "project",
        "parent",
        "blocked_by",
    }
)


def facts_of(task_ids: Iterable[UUID]) -> dict[UUID, TaskFacts]:
    """The judged facts of tasks, in two queries whatever their number."""
    ids = list(task_ids)
    open_blocker = Q(blocker_links__blocker__status__in=OPEN_STATUSES, blocker_links__blocker__deleted_at=None)
    open_dependent = Q(blocked_links__blocked__status__in=OPEN_STATUSES, blocked_links__blocked__deleted_at=None)
    tasks = (
        Task.objects.filter(pk__in=ids)
        .select_related("project", "parent")
        .prefetch_related("labels")
        .annotate(
            open_blockers=Count("blocker_links", filter=open_blocker, distinct=True),
            open_dependents=Count("blocked_links", filter=open_dependent, distinct=True),
        )
    )
    return {
        task.pk: TaskFacts(
            title=task.title,
            description=task.description,
            project=task.project.name,
            labels=tuple(sorted(label.name for label in task.labels.all())),
            due_date=task.due_date,
            due_at=task.due_at,
            start_date=task.start_date,
            estimate_minutes=task.estimate_minutes,
            parent=task.parent.title if task.parent else None,
            open_blockers=task.open_blockers,  # type: ignore[attr-defined]
            open_dependents=task.open_dependents,  # type: ignore[attr-defined]
            created_at=task.created_at,
        )
        for task in tasks
    }


def facts_alone(task: Task, labels: Iterable[str]) -> TaskFacts:
    """The judged facts of a task that is linked with no other, with what is known of it in hand."""
    return TaskFacts(
        title=task.title,
        description=task.description,
        project=task.project.name,
        labels=tuple(sorted(labels)),
        due_date=task.due_date,
        due_at=task.due_at,
        start_date=task.start_date,
        estimate_minutes=task.estimate_minutes,
        parent=task.parent.title if task.parent else None,
        created_at=task.created_at,
    )


def make_stale(task_ids: Iterable[UUID]) -> None:
    """Pending suggestions on these tasks no longer hold."""
    Suggestion.objects.filter(task__in=list(task_ids), state=SuggestionState.PENDING).update(
        state=SuggestionState.STALE, version=F("version") + 1
    )


def forget_reasons(task_ids: Iterable[UUID]) -> None:
    """These tasks went to another project: what their suggestions said may quote the one they came from."""
    moved = {
        "code": "moved",
        "text": "was judged before it moved to this project",
        "field": "project",
        "contribution": None,
    }
    judged = Suggestion.objects.filter(task__in=list(task_ids)).exclude(state=SuggestionState.QUEUED)
    judged.update(reasons=[moved], version=F("version") + 1)


def forget_quotes(project_id: UUID) -> None:
    """A project gets its second member: what was said to the first quotes titles from that person's other projects."""
    judged = Suggestion.objects.filter(task__project=project_id).exclude(reasons=[]).only("reasons", "version")
    quoting = []
    for suggestion in judged.iterator():
        reasons = [
            reason | {"text": reason["text"].partition(": ")[0]} if reason["code"] == "similar_decisions" else reason
            for reason in suggestion.reasons
        ]
        if reasons != suggestion.reasons:
            suggestion.reasons, suggestion.version = reasons, suggestion.version + 1
            quoting.append(suggestion)
    Suggestion.objects.bulk_update(quoting, ["reasons", "version"], batch_size=500)


def note_priority(opened: Change, task: Task, level: Priority) -> None:
    """A person set `level` on a saved task: decides a pending suggestion, and is a label to learn from."""
    if task.shown is not None:
        # Known since it was saved: nothing is pending, and it is linked with no other.
        note_new(opened, [(task, facts_alone(task, json.loads(task.shown.labels_json or "[]")))])
        return
    pending = Suggestion.objects.filter(task=task, state=SuggestionState.PENDING).first()
    if pending is None:
        _note_label(opened, task, level, DecisionKind.SET, None)
    else:
        settle(opened, pending, level)


def settle(opened: Change, suggestion: Suggestion, level: Priority) -> None:
    """A person decided `level` where `suggestion` was pending: accepted when equal, else overridden."""
    accepted = suggestion.suggested_priority == level.rank
    suggestion.state = SuggestionState.ACCEPTED if accepted else SuggestionState.OVERRIDDEN
    close(opened, suggestion, level)
    kind = DecisionKind.ACCEPT if accepted else DecisionKind.OVERRIDE
    _note_label(opened, suggestion.task, level, kind, suggestion)


def dismiss(opened: Change, suggestion: Suggestion) -> None:
    """A person refused the advice and decided nothing: the refused level counts against itself."""
    suggestion.state = SuggestionState.DISMISSED
    close(opened, suggestion, None)
    if suggestion.suggested_priority is not None:
        refused = Priority.from_rank(suggestion.suggested_priority)
        _note_label(opened, suggestion.task, refused, DecisionKind.DISMISS, suggestion)


def close(opened: Change, suggestion: Suggestion, level: Priority | None) -> None:
    """Saves a decided suggestion and tells the log."""
    suggestion.decided_at, suggestion.decided_by_id = opened.now, opened.actor.user_id
    suggestion.final_priority = None if level is None else level.rank
    suggestion.version += 1
    suggestion.save(
        update_fields=["state", "auto", "decided_at", "decided_by", "final_priority", "version"],
    )
    opened.event(
        EventType.SUGGESTION_DECIDED,
        project=suggestion.task.project_id,
        task=suggestion.task_id,
        data={
            "suggestion": str(suggestion.pk),
            "state": suggestion.state,
            "suggested_priority": suggestion.get_suggested_priority_display(),
            "final_priority": None if level is None else level.value,
            "auto": suggestion.auto,
        },
    )


def note_new(opened: Change, judged: Iterable[tuple[Task, TaskFacts]]) -> None:
    """`note_priority` for tasks with facts in hand and nothing pending, with a priority that a person gave."""
    if opened.actor.user_id is None:
        return
    made = [
        Decision(
            user_id=opened.actor.user_id,
            project_id=task.project_id,
            task_id=task.pk,
            kind=DecisionKind.SET,
            priority=task.priority,
            facts=facts.as_json(),
            decided_at=opened.now,
        )
        for task, facts in judged
        if task.level is not Priority.NONE
    ]
    if len(made) == 1:
        opened.insert(made[0])
    else:
        Decision.objects.bulk_create(made)


def _note_label(opened: Change, task: Task, level: Priority, kind: DecisionKind, suggestion: Suggestion | None) -> None:
    if opened.actor.user_id is None or level is Priority.NONE:
        return
    Decision.objects.create(
        user_id=opened.actor.user_id,
        project_id=task.project_id,
        task=task,
        suggestion=suggestion,
        kind=kind,
        priority=level.rank,
        facts=facts_of([task.pk])[task.pk].as_json(),
        decided_at=opened.now,
    )
