"""REST: priority suggestions."""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import insights, suggestions
from taskflow.application.access import find_task, require_scope
from taskflow.application.model_preview import preview_model
from taskflow.application.references import named_project, named_task
from taskflow.domain.permissions import Action
from taskflow.domain.priority import Priority
from taskflow.interfaces.api.endpoint import Endpoint, answer, prefer_wait
from taskflow.interfaces.api.lists import parse_choices
from taskflow.interfaces.api.operation import NoFields, Operation, list_of
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.interfaces.api.suggestion_fields import (
    BatchDocument,
    BatchFields,
    BatchProgressDocument,
    InsightsDocument,
    OverrideFields,
    PreviewDocument,
    SuggestionDocument,
    preview_json,
    suggestion_json,
)
from taskflow.store.models import BatchItem, Project, Suggestion
from taskflow.store.models.suggestions import SuggestionState

UNCHANGEABLE = "The task is in the trash, or its project is archived"
DECIDED = "It is decided already, or stale"
NEWEST_FIRST = (SortKey("created_at", "created_at", descending=True),)

#: At most half of the eight request threads wait for advice; beyond that the answer is 202 at once.
_waiting = threading.BoundedSemaphore(4)
_POLL_FIRST, _POLL_LAST = 0.01, 0.1


def wait_until_ready(suggestion_id: UUID, seconds: float) -> Suggestion | None:
    """The suggestion once it is no longer queued; None after `seconds`, when too many wait, or when it is gone."""
    if seconds <= 0 or not _waiting.acquire(blocking=False):
        return None
    try:
        deadline, pause = time.monotonic() + seconds, _POLL_FIRST
        while True:
            found = Suggestion.objects.select_related("decided_by").filter(pk=suggestion_id).first()
            if found is None or found.state != SuggestionState.QUEUED:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
            pause = min(_POLL_LAST, pause * 1.5)
    finally:
        _waiting.release()


class TaskSuggestions(Endpoint):
    """Asks for advice on a task's priority."""

    actions = {"POST": Action.SUGGESTION_WRITE}
    operations = {
        "POST": Operation(
            "request_suggestion",
            {200: SuggestionDocument, 202: SuggestionDocument},
            body=NoFields,
            conflicts=UNCHANGEABLE,
            waits=True,
            located=(200, 202),
        )
    }

    def post(self, request: Request, task: str) -> Response:
        find_task(self.actor, task, Action.SUGGESTION_WRITE)
        self.refuse_body()

        def ask() -> Response:
            return self._answer(suggestions.request_suggestion(self.actor, task), status=202)

        return self.once(ask)

    def after(self, response: Response) -> Response:
        """Waits only now: the worker sees the request once it is committed."""
        if response.status_code != 202:
            return response
        ready = wait_until_ready(response.data["id"], prefer_wait(self.request))
        if ready is None:
            return response
        replayed = response.get("Idempotency-Replayed")
        finished = self._answer(ready, status=200)
        if replayed:
            finished["Idempotency-Replayed"] = replayed
        return self.finalize_response(self.request, finished)

    def _answer(self, suggestion: Suggestion, *, status: int) -> Response:
        location = f"/api/v1/priority-suggestions/{suggestion.pk}"
        return answer(suggestion_json(suggestion), status=status, headers={"Location": location})


class SuggestionPreview(Endpoint):
    """What would be sent to the language model in force, word for word; nothing is sent."""

    actions = {"GET": Action.SUGGESTION_READ}
    operations = {"GET": Operation("preview_suggestion", {200: PreviewDocument})}

    def get(self, request: Request, task: str) -> Response:
        self.query()
        return Response(preview_json(preview_model(self.actor, task)))


class SuggestionList(Endpoint):
    """Suggestions on the tasks that the reader sees, newest first."""

    actions = {"GET": Action.SUGGESTION_LIST}
    operations = {
        "GET": Operation(
            "list_suggestions",
            {200: SuggestionDocument},
            query=(
                list_of("state", "States", SuggestionState.values),
                list_of("task", "Ids or keys"),
                list_of("project", "Ids or keys"),
            ),
            paged=True,
        )
    }

    def get(self, request: Request) -> Response:
        parameters = self.query()
        visible = Project.objects.visible_to(self.actor).values("pk")
        rows = Suggestion.objects.filter(task__project__in=visible).select_related("decided_by")
        if "state" in parameters:
            rows = rows.filter(state__in=parse_choices("state", parameters["state"], tuple(SuggestionState.values)))
        if "task" in parameters:
            rows = rows.filter(task__in=self._ids("task", parameters["task"], named_task))
        if "project" in parameters:
            rows = rows.filter(task__project__in=self._ids("project", parameters["project"], named_project))
        page = take_page(rows, NEWEST_FIRST, parameters)
        return Response({"results": [suggestion_json(row) for row in page.rows], "next_cursor": page.next_cursor})

    def _ids(self, field: str, text: str, named: Callable[..., Any]) -> list[UUID]:
        return [named(field, self.actor, ref, Action.SUGGESTION_READ).pk for ref in parse_choices(field, text)]


class SuggestionDetail(Endpoint):
    """One suggestion."""

    actions = {"GET": Action.SUGGESTION_READ}
    operations = {"GET": Operation("get_suggestion", {200: SuggestionDocument})}

    def get(self, request: Request, suggestion: UUID) -> Response:
        self.query()
        return answer(suggestion_json(suggestions.find_suggestion(self.actor, suggestion)))


class SuggestionAccept(Endpoint):
    """Takes the advice."""

    actions = {"POST": Action.SUGGESTION_WRITE}
    operations = {
        "POST": Operation(
            "accept_suggestion", {200: SuggestionDocument}, body=NoFields, conditional=True, conflicts=DECIDED
        )
    }

    def post(self, request: Request, suggestion: UUID) -> Response:
        self.refuse_body()
        version = self.if_match()
        return self.once(lambda: _decided(self, suggestions.accept(self.actor, suggestion, version=version)))


class SuggestionOverride(Endpoint):
    """Decides another level."""

    actions = {"POST": Action.SUGGESTION_WRITE}
    operations = {
        "POST": Operation(
            "override_suggestion", {200: SuggestionDocument}, body=OverrideFields, conditional=True, conflicts=DECIDED
        )
    }

    def post(self, request: Request, suggestion: UUID) -> Response:
        suggestions.find_suggestion(self.actor, suggestion, Action.SUGGESTION_WRITE)
        level = Priority(self.parse(OverrideFields)["priority"])
        version = self.if_match()
        return self.once(lambda: _decided(self, suggestions.override(self.actor, suggestion, level, version=version)))


class SuggestionDismiss(Endpoint):
    """Sets the advice aside."""

    actions = {"POST": Action.SUGGESTION_WRITE}
    operations = {
        "POST": Operation(
            "dismiss_suggestion", {200: SuggestionDocument}, body=NoFields, conditional=True, conflicts=DECIDED
        )
    }

    def post(self, request: Request, suggestion: UUID) -> Response:
        self.refuse_body()
        version = self.if_match()
        return self.once(lambda: _decided(self, suggestions.dismiss(self.actor, suggestion, version=version)))


def _decided(endpoint: Endpoint, suggestion: Suggestion) -> Response:
    return answer(suggestion_json(suggestions.find_suggestion(endpoint.actor, suggestion.pk)))


class SuggestionBulk(Endpoint):
    """Asks for advice on many tasks at once."""

    actions = {"POST": Action.SUGGESTION_LIST}
    operations = {
        "POST": Operation("request_suggestions", {202: BatchDocument}, body=BatchFields, conflicts=UNCHANGEABLE)
    }

    def post(self, request: Request) -> Response:
        require_scope(self.actor, Action.SUGGESTION_WRITE)
        fields = self.parse(BatchFields)

        def ask() -> Response:
            batch = self._request(fields)
            location = f"/api/v1/priority-suggestions/batches/{batch}"
            return Response({"batch": batch}, status=202, headers={"Location": location})

        return self.once(ask)

    def _request(self, fields: dict[str, Any]) -> UUID:
        actor, action = self.actor, Action.SUGGESTION_WRITE
        if "project" in fields:
            project = named_project("project", actor, fields["project"], action)
            return suggestions.request_batch(actor, project=project.pk).pk
        found = [named_task("tasks", actor, ref, action).pk for ref in fields["tasks"]]
        return suggestions.request_batch(actor, tasks=found).pk


class BatchDetail(Endpoint):
    """How far a batch is, and what it gave."""

    actions = {"GET": Action.SUGGESTION_LIST}
    operations = {"GET": Operation("get_batch", {200: BatchProgressDocument})}

    def get(self, request: Request, batch: UUID) -> Response:
        self.query()
        with transaction.atomic():
            found = suggestions.find_batch(self.actor, batch)
            # Before the results: PostgreSQL shows each statement what is committed by then, and whoever reads that all
            # is done must have all of it. The item of a task that is gone for good went with it, and waits for nothing.
            done = found.total - found.items.filter(done=False).count()
            items = BatchItem.objects.filter(batch=found, done=True)
            visible = Project.objects.visible_to(self.actor).values("pk")
            ready = items.filter(suggestion__task__project__in=visible).select_related("suggestion__decided_by")
            results = [suggestion_json(item.suggestion) for item in ready.order_by("position") if item.suggestion]
            return Response({"total": found.total, "done": done, "results": results})


class Insights(Endpoint):
    """How well suggestions agree with what people decide."""

    actions = {"GET": Action.SUGGESTION_LIST}
    operations = {"GET": Operation("get_insights", {200: InsightsDocument})}

    def get(self, request: Request) -> Response:
        self.query()
        return Response(insights.prioritisation_insights(self.actor))
