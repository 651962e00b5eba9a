"""Many operations on tasks in one transaction: all of them or none, or each by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias
from uuid import UUID

from taskflow.application.changes import Change, change
from taskflow.application.task_states import complete_in
from taskflow.application.tasks import create_in, update_in
from taskflow.application.trash import trash_in
from taskflow.domain.errors import FieldError, Invalid, NotFound, StaleVersion, TaskFlowError
from taskflow.domain.permissions import Actor

Verb: TypeAlias = Literal["create", "update", "complete", "delete"]


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation: validated `fields` for create and update, `task` (id or key) for all others than create."""

    verb: Verb
    task: str = ""
    version: int | None = None
    fields: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operation: the task's id, or the error that undid it."""

    task: UUID | None = None
    error: TaskFlowError | None = None


def apply_all(actor: Actor, operations: Sequence[BulkOperation]) -> list[UUID]:
    """Does every operation, in order; the ids of their tasks.

    `Invalid`, its errors with the `index` of the operation that failed: then none was done.
    """
    with change(actor) as opened:
        done = []
        for index, operation in enumerate(operations):
            try:
                done.append(_perform(opened, operation))
            except TaskFlowError as error:
                found = [replace(wrong, index=index) for wrong in explain(operation, error)]
                raise Invalid(found, f"Operation {index} failed, so nothing was changed.") from error
        return done


def apply_each(actor: Actor, operations: Sequence[BulkOperation]) -> list[Outcome]:
    """Does those operations that can be done, in order; one that fails leaves nothing behind."""
    outcomes = []
    with change(actor) as opened:
        for operation in operations:
            try:
                with opened.part():
                    outcomes.append(Outcome(task=_perform(opened, operation)))
            except TaskFlowError as error:
                outcomes.append(Outcome(error=error))
    return outcomes


def explain(operation: BulkOperation, error: TaskFlowError) -> list[FieldError]:
    """What is wrong with an operation, field by field."""
    if isinstance(error, Invalid):
        return error.errors
    field = "project" if operation.verb == "create" else "task"
    if isinstance(error, StaleVersion):
        field = "version"
    detail = error.detail
    if isinstance(error, NotFound):
        detail = f"There is no task {operation.task[:100]!r} that you can see."
    return [FieldError(field, error.code, detail)]


def _perform(opened: Change, operation: BulkOperation) -> UUID:
    if operation.verb == "create":
        return create_in(opened, operation.fields or {}).pk
    if operation.verb == "update":
        return update_in(opened, operation.task, operation.fields or {}, version=operation.version).pk
    perform = complete_in if operation.verb == "complete" else trash_in
    return perform(opened, operation.task, version=operation.version).pk
