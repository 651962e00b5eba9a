"""REST: the fields of a task, in and out."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from rest_framework import serializers

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
from taskflow.store.models import Suggestion
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.sql import any_of, uuid_value
from taskflow.store.task_columns import TaskRow
from taskflow.store.task_rows import read_tasks

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
    """The documents of tasks that the actor may see, in the order of `ids`; at most two statements."""
    rows = read_tasks(actor, any_of("t.id", map(uuid_value, ids)))
    documents = {document["id"]: document for document in task_documents(rows)}
    return [documents[pk] for pk in ids if pk in documents]


def task_documents(rows: Sequence[TaskRow], read_factors: Callable[[str], Any] = orjson.loads) -> list[dict[str, Any]]:
    """The documents of tasks; one statement if a suggestion on one of them is pending, else none.

    `read_factors` makes of the stored JSON what the documents hold: `orjson.Fragment` where they are only written out.
    """
    waiting = [row.pending for row in rows if row.pending is not None]
    pending: dict[UUID, dict[str, Any]] = {}
    if waiting:
        found = Suggestion.objects.filter(pk__in=waiting).select_related("decided_by")
        pending = {suggestion.task_id: suggestion_json(suggestion) for suggestion in found}
    return [_task_json(row, read_factors(row.urgency_factors_json), pending.get(row.id)) for row in rows]


def _task_json(row: TaskRow, factors: Any, suggestion: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": f"{row.project_key}-{row.number}",
        "project": row.project,
        "parent": row.parent,
        "title": row.title,
        "description": row.description,
        "status": row.status,
        "priority": PRIORITIES[row.priority],
        "due_date": row.due_date,
        "due_at": row.due_at,
        "start_date": row.start_date,
        "estimate_minutes": row.estimate_minutes,
        "labels": _texts(row.labels_json),
        "assignees": _texts(row.assignees_json),
        "blocked_by": [UUID(pk) for pk in _texts(row.blockers_json)],
        "recurrence": row.recurrence or None,
        "recurrence_basis": row.recurrence_basis,
        "reminders": [_reminder_json(*reminder) for reminder in _texts(row.reminders_json)],
        "rank": row.rank,
        "urgency": {
            "score": row.urgency_score,
            "as_of": row.urgency_as_of,
            "factors": factors,
        },
        "suggestion": suggestion,
        "watching": None if row.muted is None else not row.muted,
        "created_by": row.created_by,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "completed_at": row.completed_at,
        "deleted_at": row.deleted_at,
        "version": row.version,
    }


def _texts(json: str | None) -> list[Any]:
    return [] if json is None or json == "[]" else orjson.loads(json)


def _reminder_json(minutes_before: int | None, at: str | None) -> dict[str, Any]:
    if at is None:
        return {"minutes_before": minutes_before}
    # SQLite keeps no zone; all instants are UTC.
    return {"at": datetime.fromisoformat(at).replace(tzinfo=UTC)}
