"""REST: a task from one line of text."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application.quick_add import quick_add, rehearse_quick_add
from taskflow.domain.permissions import Action
from taskflow.domain.quick_add import Match
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import FlagField, InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.task_fields import TaskDocument, load_tasks
from taskflow.store.models import Task

#: A title of full length with all that can be said about it.
LONGEST_TEXT = 2_000
#: What a task has only once it is there.
_NOT_YET = ("id", "key", "created_at", "updated_at", "version")


class QuickAddFields(StrictSerializer):
    """A line such as `Pay rent tomorrow 9am p1 #home`."""

    # Not trimmed: positions are those of the text as it was sent.
    text = TextField(max_length=LONGEST_TEXT, trim_whitespace=False)
    project = TextField(
        max_length=64, required=False, help_text="Id or key, where the text names none; absent: the inbox"
    )
    dry_run = FlagField(required=False, help_text="Show what would be made, and make nothing")


class MatchDocument(serializers.Serializer[Any]):
    """A stretch of the text that was understood; positions count characters (Unicode code points) from 0."""

    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=0)
    kind = serializers.ChoiceField(
        [
            *("project", "label", "assignee", "priority", "due", "start", "recurrence", "estimate", "reminder"),
            *("unknown_project", "unknown_assignee"),
        ],
        help_text="Unknown ones stay in the title",
    )
    text = serializers.CharField()


class QuickAddDocument(serializers.Serializer[Any]):
    """The task, and what in the text told how it should be."""

    task = TaskDocument()
    matches = MatchDocument(many=True)


class TaskPreviewDocument(TaskDocument):
    """A task that is not there yet."""

    id = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    created_at = InstantField(allow_null=True)
    updated_at = InstantField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)


class QuickAddPreviewDocument(QuickAddDocument):
    """The task as it would be: what it gets only when it is made is null."""

    task = TaskPreviewDocument()


class TaskQuickAdd(Endpoint):
    """`tasks/quick`"""

    actions = {"POST": Action.TASK_WRITE}
    operations = {
        "POST": Operation(
            "quick_add_task",
            {201: QuickAddDocument, 200: QuickAddPreviewDocument},
            summary="Create a task from one line of text",
            body=QuickAddFields,
            located=(201,),
            conflicts="The project is archived",
        )
    }

    def post(self, request: Request) -> Response:
        fields = self.parse(QuickAddFields)
        rehearsal = fields.pop("dry_run", False)
        return self.once(lambda: self._rehearse(fields) if rehearsal else self._create(fields))

    def _create(self, fields: dict[str, Any]) -> Response:
        task, matches = quick_add(self.actor, **fields)
        found = {"task": self._show(task), "matches": _matches_json(matches)}
        return answer(found, status=201, headers={"Location": f"/api/v1/tasks/{task.pk}"})

    def _rehearse(self, fields: dict[str, Any]) -> Response:
        task, matches = rehearse_quick_add(self.actor, show=self._show, **fields)
        return answer({"task": task | dict.fromkeys(_NOT_YET), "matches": _matches_json(matches)})

    def _show(self, task: Task) -> dict[str, Any]:
        return load_tasks(self.actor, [task.pk])[0]


def _matches_json(matches: Iterable[Match]) -> list[dict[str, Any]]:
    return [{"start": m.start, "end": m.end, "kind": m.kind, "text": m.text} for m in matches]
