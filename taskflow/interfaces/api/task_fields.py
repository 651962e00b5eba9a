"""REST: the fields of a task, in and out."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from rest_framework import serializers

from taskflow.application.task_fields import reminder_json
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Actor
from taskflow.domain.priority import Priority
from taskflow.domain.recurrence import LONGEST, Basis, parse_rule
from taskflow.interfaces.api.fields import (
    DayField,
    InstantField,
    NamesField,
    StrictSerializer,
    TextField,
    WholeNumberField,
)
from taskflow.interfaces.api.suggestion_fields import SuggestionDocument, suggestion_json
from taskflow.store.models import Dependency, Project, Suggestion, Task, TaskWatch
from taskflow.store.models.suggestions import SuggestionState
from taskflow.store.models.tasks import TaskStatus

PRIORITIES = [level.value for level in Priority]
BASES = [basis.value for basis in Basis]
#: One hundred days of work; beyond that an estimate is a mistake.
MOST_MINUTES = 100 * 24 * 60


class ReminderFields(StrictSerializer):
    """When to remind: `minutes_before` the task is due, or `at` an instant."""

    minutes_before = WholeNumberField(min_value=0, max_value=366 * 24 * 60, required=False)
    at = InstantField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either minutes_before or at.", code="one_of")
        return attrs


class RecurrenceField(TextField):
    """A recurrence rule, in its normal form."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return parse_rule(text).text
        except Invalid as error:
            raise serializers.ValidationError(error.errors[0].detail, code=error.errors[0].code) from error


class TaskFields(StrictSerializer):
    """What a client may set on a task."""

    project = TextField(max_length=64, required=False, help_text="Id or key; absent: the inbox")
    parent = TextField(max_length=64, required=False, allow_null=True, help_text="Id or key")  # type: ignore[assignment]
    title = TextField(max_length=500)
    description = TextField(max_length=100_000, required=False, allow_blank=True, trim_whitespace=False)
    status = serializers.ChoiceField(TaskStatus.values, required=False)
    priority = serializers.ChoiceField(PRIORITIES, required=False)
    due_date = DayField(required=False, allow_null=True, help_text="All day")
    due_at = InstantField(required=False, allow_null=True, help_text="Timed; clears due_date")
    start_date = DayField(required=False, allow_null=True)
    estimate_minutes = WholeNumberField(min_value=0, max_value=MOST_MINUTES, required=False, allow_null=True)
    labels = NamesField(child=TextField(max_length=100), max_length=50, required=False)
    assignees = NamesField(child=TextField(max_length=64), max_length=50, required=False)
    blocked_by = NamesField(child=TextField(max_length=64), max_length=100, required=False)
    recurrence = RecurrenceField(
        max_length=LONGEST,
        required=False,
        allow_null=True,
        help_text="A rule of RFC 5545 by days, weeks, months or years, for instance FREQ=WEEKLY;BYDAY=MO",
    )
    recurrence_basis = serializers.ChoiceField(
        BASES, required=False, help_text="Counted from the due date, or from the completion"
    )
    reminders = NamesField(child=ReminderFields(), max_length=20, required=False)


class ReminderDocument(serializers.Serializer[Any]):
    """When it reminds: one of the two."""

    optional = ("minutes_before", "at")

    minutes_before = serializers.IntegerField()
    at = InstantField()


class FactorDocument(serializers.Serializer[Any]):
    """One term of the urgency; the contributions sum to the score."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.FloatField()
    weight = serializers.FloatField()
    contribution = serializers.FloatField()


class UrgencyDocument(serializers.Serializer[Any]):
    """The stored urgency."""

    score = serializers.FloatField(min_value=0, max_value=100)
    as_of = InstantField(allow_null=True)
    factors = FactorDocument(many=True)


class TaskDocument(serializers.Serializer[Any]):
    """A task as clients see it."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    project = serializers.UUIDField()
    parent = serializers.UUIDField(allow_null=True)  # type: ignore[assignment]
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(TaskStatus.values)
    priority = serializers.ChoiceField(PRIORITIES)
    due_date = serializers.DateField(allow_null=True)
    due_at = InstantField(allow_null=True)
    start_date = serializers.DateField(allow_null=True)
    estimate_minutes = serializers.IntegerField(allow_null=True)
    labels = serializers.ListField(child=serializers.CharField())
    assignees = serializers.ListField(child=serializers.CharField())
    blocked_by = serializers.ListField(child=serializers.UUIDField())
    recurrence = serializers.CharField(allow_null=True)
    recurrence_basis = serializers.ChoiceField(BASES)
    reminders = ReminderDocument(many=True)
    rank = serializers.CharField()
    urgency = UrgencyDocument()
    suggestion = SuggestionDocument(allow_null=True)
    watching = serializers.BooleanField(allow_null=True, help_text="true: watched, false: muted, null: neither")
    created_by = serializers.CharField(allow_null=True)
    created_at = InstantField()
    updated_at = InstantField()
    completed_at = InstantField(allow_null=True)
    deleted_at = InstantField(allow_null=True)
    version = serializers.IntegerField()


class NextDocument(serializers.Serializer[Any]):
    """The task that a recurring one is followed by."""

    id = serializers.UUIDField()
    key = serializers.CharField()


class ChangedTaskDocument(TaskDocument):
    """A task as it is now; with `next` when it recurs and is done."""

    optional = ("next",)

    next = NextDocument(allow_null=True, help_text="null: the series has ended")


def load_tasks(actor: Actor, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The documents of tasks, in the order of `ids`; eight queries whatever their number."""
    visible = Project.objects.visible_to(actor).values("pk")
    blockers = Dependency.objects.filter(blocker__project__in=visible).order_by("blocker_id")
    pending = Suggestion.objects.filter(state=SuggestionState.PENDING).select_related("decided_by")
    rows = (
        Task.objects.filter(pk__in=ids)
        .select_related("project", "created_by")
        .prefetch_related(
            "labels",
            "assignees",
            "reminders",
            Prefetch("blocker_links", queryset=blockers, to_attr="visible_blockers"),
            Prefetch("suggestions", queryset=pending, to_attr="pending_suggestions"),
        )
    )
    watching = _watching(actor, ids)
    documents = {task.pk: task_json(task, watching.get(task.pk)) for task in rows}
    return [documents[pk] for pk in ids if pk in documents]


def _watching(actor: Actor, ids: Iterable[UUID]) -> dict[UUID, bool]:
    watches = TaskWatch.objects.filter(user_id=actor.person, task__in=list(ids)).values_list("task_id", "muted")
    return {task: not muted for task, muted in watches}


def task_json(task: Task, watching: bool | None) -> dict[str, Any]:
    """A task loaded by `load_tasks`."""
    pending: list[Suggestion] = task.pending_suggestions  # type: ignore[attr-defined]
    return {
        "id": task.pk,
        "key": task.key,
        "project": task.project_id,
        "parent": task.parent_id,
        "title": task.title,
        "description": task.description,
        "status": task.status,
        "priority": task.level.value,
        "due_date": task.due_date,
        "due_at": task.due_at,
        "start_date": task.start_date,
        "estimate_minutes": task.estimate_minutes,
        "labels": sorted((label.name for label in task.labels.all()), key=str.lower),
        "assignees": sorted((user.username for user in task.assignees.all()), key=str.lower),
        "blocked_by": [link.blocker_id for link in task.visible_blockers],  # type: ignore[attr-defined]
        "recurrence": task.recurrence or None,
        "recurrence_basis": task.recurrence_basis,
        "reminders": [reminder_json(reminder) for reminder in task.reminders.all()],
        "rank": task.rank,
        "urgency": {"score": task.urgency_score, "as_of": task.urgency_as_of, "factors": task.urgency_factors},
        "suggestion": suggestion_json(pending[0]) if pending else None,
        "watching": watching,
        "created_by": task.created_by.username if task.created_by else None,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "completed_at": task.completed_at,
        "deleted_at": task.deleted_at,
        "version": task.version,
    }
