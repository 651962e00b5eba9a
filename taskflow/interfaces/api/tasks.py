"""REST: tasks and their verbs."""

from collections.abc import Callable
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import task_moves, task_states, tasks, trash, watches
from taskflow.application.access import find_task
from taskflow.application.recurrence import followers_of
from taskflow.domain.errors import Invalid, NotFound
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import StrictSerializer, TextField
from taskflow.interfaces.api.filter_expressions import expand_saved
from taskflow.interfaces.api.idempotency import HEADER
from taskflow.interfaces.api.operation import Document, NoFields, Operation
from taskflow.interfaces.api.task_fields import (
    ChangedTaskDocument,
    TaskDocument,
    TaskFields,
    load_tasks,
    task_documents,
)
from taskflow.interfaces.api.task_filters import PARAMETERS
from taskflow.interfaces.api.task_pages import list_tasks
from taskflow.store.models import Task
from taskflow.store.models.tasks import TaskStatus
from taskflow.store.task_columns import TaskRow
from taskflow.store.task_names import formerly_named_task, named_task
from taskflow.store.task_rows import read_tasks

UNCHANGEABLE = "The task is in the trash, or its project is archived"


class MoveFields(StrictSerializer):
    """Where a task goes: another project, and directly before or after another task."""

    project = TextField(max_length=64, required=False, help_text="Id or key")
    before = TextField(max_length=64, required=False, help_text="Id or key of a task")
    after = TextField(max_length=64, required=False, help_text="Id or key of a task")


def answer_task(endpoint: Endpoint, task: Task, *, status: int = 200, location: str | None = None) -> Response:
    """The document of a task that was just changed: what the change knows of it, or as it is stored now."""
    shown: TaskRow | None = task.shown
    documents = load_tasks(endpoint.actor, [task.pk]) if shown is None else task_documents([shown])
    if not documents:
        raise NotFound
    return answer(documents[0], status=status, headers={"Location": location} if location else None)


def answer_completed(endpoint: Endpoint, task: Task) -> Response:
    """The task's document; of a recurring one that is done also what comes `next`, null when the series has ended."""
    response = answer_task(endpoint, task)
    if response.data["recurrence"] and response.data["status"] == TaskStatus.DONE:
        response.data["next"] = followers_of(endpoint.actor, [task.pk]).get(task.pk)
    return response


def parse_about(
    endpoint: Endpoint, task: str, serializer: type[StrictSerializer], *, partial: bool = False
) -> dict[str, Any]:
    """The body of a change of `task`. To whom the task is hidden or closed, a bad body says so and nothing else.

    A kept answer is for those alone who may still ask for it.
    """
    if HEADER in endpoint.request.headers:
        find_task(endpoint.actor, task, Action.TASK_WRITE)
    try:
        return endpoint.parse(serializer, partial=partial)
    except (Invalid, APIException):
        find_task(endpoint.actor, task, Action.TASK_WRITE)
        raise


class TaskList(Endpoint):
    """Tasks of the projects that the reader is in."""

    actions = {"GET": Action.TASK_LIST, "POST": Action.TASK_WRITE}
    operations = {
        "GET": Operation("list_tasks", {200: TaskDocument}, query=PARAMETERS, paged=True),
        "POST": Operation(
            "create_task", {201: TaskDocument}, "Create a task", body=TaskFields, conflicts="The project is archived"
        ),
    }

    def get(self, request: Request) -> Response:
        return Response(list_tasks(self.actor, expand_saved(self.actor, self.query())))

    def post(self, request: Request) -> Response:
        fields = self.parse(TaskFields)

        def create() -> Response:
            task = tasks.create_task(self.actor, fields)
            return answer_task(self, task, status=201, location=f"{request.path}/{task.pk}")

        return self.once(create)


class TaskDetail(Endpoint):
    """One task, by id or key."""

    actions = {"GET": Action.TASK_READ, "PATCH": Action.TASK_WRITE, "DELETE": Action.TASK_WRITE}
    operations = {
        "GET": Operation("get_task", {200: TaskDocument}),
        "PATCH": Operation(
            "update_task",
            {200: ChangedTaskDocument},
            "Change a task",
            body=TaskFields,
            conditional=True,
            conflicts=UNCHANGEABLE,
        ),
        "DELETE": Operation(
            "delete_task",
            {204: None},
            "Put a task into the trash",
            conditional=True,
            conflicts="The project is archived",
        ),
    }

    def get(self, request: Request, task: str) -> Response:
        self.query()
        rows = read_tasks(self.actor, named_task(task)) or read_tasks(self.actor, formerly_named_task(task))
        if not rows:
            raise NotFound
        return answer(task_documents(rows)[0])

    def patch(self, request: Request, task: str) -> Response:
        fields = parse_about(self, task, TaskFields, partial=True)
        changed = tasks.update_task(self.actor, task, fields, version=self.if_match())
        return answer_completed(self, changed)

    def delete(self, request: Request, task: str) -> Response:
        trash.delete_task(self.actor, task, version=self.if_match())
        return Response(status=204)


def _verb(name: str, document: Document = TaskDocument, *, conditional: bool = True) -> dict[str, Operation]:
    body, conflicts = NoFields, UNCHANGEABLE
    return {"POST": Operation(name, {200: document}, body=body, conditional=conditional, conflicts=conflicts)}


class TaskVerb(Endpoint):
    """A verb of a task that takes no fields and answers with the task."""

    actions = {"POST": Action.TASK_WRITE}
    perform: Callable[..., Task]
    answer: Callable[..., Response] = staticmethod(answer_task)

    def post(self, request: Request, task: str) -> Response:
        parse_about(self, task, NoFields)
        version = self.if_match()
        kind: Any = type(self)
        return self.once(lambda: kind.answer(self, kind.perform(self.actor, task, version=version)))


class TaskComplete(TaskVerb):
    """Sets a task done."""

    operations = _verb("complete_task", ChangedTaskDocument)
    perform = staticmethod(task_states.complete_task)
    answer = staticmethod(answer_completed)


class TaskReopen(TaskVerb):
    """Sets a done or cancelled task to do."""

    operations = _verb("reopen_task")
    perform = staticmethod(task_states.reopen_task)


class TaskRestore(TaskVerb):
    """Takes a task out of the trash."""

    operations = _verb("restore_task")
    perform = staticmethod(trash.restore_task)


class TaskWatchVerb(Endpoint):
    """Wants to hear of a task."""

    actions = {"POST": Action.TASK_WATCH}
    operations = _verb("watch_task", conditional=False)
    muted = False

    def post(self, request: Request, task: str) -> Response:
        find_task(self.actor, task, Action.TASK_WATCH)
        self.refuse_body()
        return self.once(lambda: answer_task(self, watches.set_watch(self.actor, task, muted=self.muted)))


class TaskMute(TaskWatchVerb):
    """Wants to hear nothing of a task."""

    operations = _verb("mute_task", conditional=False)
    muted = True


class TaskMove(Endpoint):
    """Moves a task to another project, or within its project's order."""

    actions = {"POST": Action.TASK_WRITE}
    operations = {
        "POST": Operation("move_task", {200: TaskDocument}, body=MoveFields, conditional=True, conflicts=UNCHANGEABLE)
    }

    def post(self, request: Request, task: str) -> Response:
        fields = parse_about(self, task, MoveFields)
        version = self.if_match()

        def move() -> Response:
            return answer_task(self, task_moves.move_task(self.actor, task, version=version, **fields))

        return self.once(move)
