"""REST: many operations on tasks in one request."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import bulk
from taskflow.application.bulk import BulkOperation
from taskflow.application.recurrence import followers_of
from taskflow.domain.errors import FieldError, Invalid
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint
from taskflow.interfaces.api.fields import FlagField, NamesField, StrictSerializer, TextField, WholeNumberField
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.problems import FieldErrorDocument, error_documents, flatten, status_of
from taskflow.interfaces.api.task_fields import ChangedTaskDocument, TaskFields, load_tasks
from taskflow.store.models.tasks import TaskStatus

MOST_OPERATIONS = 100
VERBS = ("create", "update", "complete", "delete")
_GOOD = {"create": 201, "update": 200, "complete": 200, "delete": 204}
_MOST_VERSION = 2**31 - 1


class BulkOperationFields(TaskFields):
    """One operation; `create` and `update` take the fields of a task beside it."""

    op = serializers.ChoiceField(VERBS)
    task = TextField(max_length=64, required=False, help_text="Id or key; for all but create")
    version = WholeNumberField(
        min_value=1, max_value=_MOST_VERSION, required=False, help_text="Refused when the task has another one"
    )
    title = TextField(max_length=500, required=False, help_text="Required for create")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        verb, wrong = attrs["op"], {}
        if verb == "create" and "title" not in attrs:
            wrong["title"] = serializers.ErrorDetail("A new task needs a title.", code="required")
        if verb != "create" and "task" not in attrs:
            wrong["task"] = serializers.ErrorDetail("Say which task: its id or key.", code="required")
        allowed = {
            "create": self.fields.keys() - {"task", "version"},
            "update": self.fields.keys(),
        }.get(verb, {"op", "task", "version"})
        for name in attrs.keys() - allowed:
            wrong[name] = serializers.ErrorDetail(f"{verb} does not take this field.", code="unknown_field")
        if wrong:
            raise serializers.ValidationError(wrong)
        return attrs


class OperationsField(NamesField):
    """A list whose members are looked at one by one later: each has errors of its own."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        if len(data) > MOST_OPERATIONS:
            raise serializers.ValidationError(f"Give at most {MOST_OPERATIONS}.", code="max_length")
        return data


class BulkFields(StrictSerializer):
    """At most 100 operations; `atomic`: all of them or none."""

    operations = OperationsField(child=BulkOperationFields(), max_length=MOST_OPERATIONS)
    atomic = FlagField(default=True)


class BulkResultDocument(serializers.Serializer[Any]):
    """What became of one operation."""

    optional = ("errors",)

    index = serializers.IntegerField()
    status = serializers.IntegerField(help_text="The HTTP status that it would have had by itself")
    task = ChangedTaskDocument(allow_null=True)
    errors = FieldErrorDocument(many=True, help_text="Why it was not done")  # type: ignore[assignment]


class BulkDocument(serializers.Serializer[Any]):
    """The results, in the order of the operations; tasks as they are after the last one."""

    results = BulkResultDocument(many=True)


class TaskBulk(Endpoint):
    """Creates, changes, completes and trashes tasks, in one transaction."""

    actions = {"POST": Action.TASK_WRITE}
    operations = {"POST": Operation("bulk_tasks", {200: BulkDocument}, body=BulkFields)}

    def post(self, request: Request) -> Response:
        fields = self.parse(BulkFields)
        read = _read(fields["operations"])

        def run() -> Response:
            done = _do_all(self, read) if fields["atomic"] else _do_each(self, read)
            return Response({"results": _complete_results(self, done)})

        return self.once(run)


def _read(operations: Sequence[Any]) -> list[BulkOperation | list[FieldError]]:
    """Each operation, or what is wrong with its fields."""
    serializer = BulkOperationFields()
    read: list[BulkOperation | list[FieldError]] = []
    for index, data in enumerate(operations):
        if not isinstance(data, Mapping):
            read.append([FieldError("operations", "not_an_object", "An operation is a JSON object.", index)])
            continue
        try:
            fields = dict(serializer.run_validation(data))
        except serializers.ValidationError as error:
            read.append([replace(found, index=index) for found in flatten(error.detail)])
        else:
            verb, task, version = fields.pop("op"), fields.pop("task", ""), fields.pop("version", None)
            read.append(BulkOperation(verb, task, version, fields))
    return read


def _do_all(endpoint: Endpoint, read: Sequence[BulkOperation | list[FieldError]]) -> list[dict[str, Any]]:
    wrong = [error for found in read if isinstance(found, list) for error in found]
    if wrong:
        raise Invalid(wrong, "Some operations have invalid fields, so nothing was changed.")
    operations = [operation for operation in read if isinstance(operation, BulkOperation)]
    tasks = bulk.apply_all(endpoint.actor, operations)
    return [{"status": _GOOD[o.verb], "task": task} for o, task in zip(operations, tasks, strict=True)]


def _do_each(endpoint: Endpoint, read: Sequence[BulkOperation | list[FieldError]]) -> list[dict[str, Any]]:
    operations = [operation for operation in read if isinstance(operation, BulkOperation)]
    outcomes = iter(bulk.apply_each(endpoint.actor, operations))
    results: list[dict[str, Any]] = []
    for index, operation in enumerate(read):
        if isinstance(operation, list):
            results.append({"status": 400, "task": None, "errors": operation})
            continue
        outcome = next(outcomes)
        if outcome.error is None:
            results.append({"status": _GOOD[operation.verb], "task": outcome.task})
        else:
            errors = [replace(wrong, index=index) for wrong in bulk.explain(operation, outcome.error)]
            results.append({"status": status_of(outcome.error), "task": None, "errors": errors})
    return results


def _complete_results(endpoint: Endpoint, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results with their tasks' documents: as many statements for one as for a hundred."""
    ids: list[UUID] = list(dict.fromkeys(result["task"] for result in results if result["task"] is not None))
    documents = {UUID(str(document["id"])): document for document in load_tasks(endpoint.actor, ids)}
    recurring = [pk for pk, task in documents.items() if task["recurrence"] and task["status"] == TaskStatus.DONE]
    following = followers_of(endpoint.actor, recurring)
    for pk in recurring:
        documents[pk]["next"] = following.get(pk)
    shown = []
    for index, result in enumerate(results):
        errors = {"errors": error_documents(result["errors"])} if "errors" in result else {}
        shown.append({"index": index, "status": result["status"], "task": documents.get(result["task"])} | errors)
    return shown
