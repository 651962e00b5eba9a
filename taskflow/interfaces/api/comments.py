"""REST: comments and history of a task."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import comments
from taskflow.application.access import find_task
from taskflow.application.mentions import mentioned
from taskflow.domain.permissions import Action, Actor
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, ProseField, StrictSerializer
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.store.models import Comment, Event, Project, Task

OLDEST_FIRST = (SortKey("created_at", "created_at"),)
UNCHANGEABLE = "The task is in the trash, or its project is archived"
EARLIEST_FIRST = (SortKey("time", "time"),)
#: Changes of these name other tasks.
_ENDS = frozenset({"blocked_by", "parent"})


class CommentFields(StrictSerializer):
    """A remark (Markdown)."""

    body = ProseField(max_length=100_000)


class CommentDocument(serializers.Serializer[Any]):
    """A comment as clients see it."""

    id = serializers.UUIDField()
    task = serializers.UUIDField()
    author = serializers.CharField(allow_null=True)
    body = serializers.CharField()
    mentions = serializers.ListField(child=serializers.CharField(), help_text="Usernames of members it speaks to")
    created_at = InstantField()
    updated_at = InstantField()
    version = serializers.IntegerField()


class HistoryEntryDocument(serializers.Serializer[Any]):
    """Something that happened to a task."""

    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    type = serializers.CharField()
    actor = serializers.CharField()
    time = InstantField()
    data = serializers.DictField()  # type: ignore[assignment]


def comments_json(project_id: UUID, comments: Sequence[Comment]) -> list[dict[str, Any]]:
    """CommentDocuments of one project's comments; one query more than for the rows, whatever their number."""
    mentions = mentioned(project_id, [comment.body for comment in comments])
    return [_comment_json(comment, names) for comment, names in zip(comments, mentions, strict=True)]


def answer_comment(comment: Comment, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """One comment, whose task is at hand."""
    [document] = comments_json(comment.task.project_id, [comment])
    return answer(document, status=status, headers=headers)


def _comment_json(comment: Comment, mentions: list[str]) -> dict[str, Any]:
    return {
        "id": comment.pk,
        "task": comment.task_id,
        "author": comment.author.username if comment.author else None,
        "body": comment.body,
        "mentions": mentions,
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
        "version": comment.version,
    }


class CommentList(Endpoint):
    """The comments of a task, oldest first."""

    actions = {"GET": Action.COMMENT_READ, "POST": Action.COMMENT_WRITE}
    operations = {
        "GET": Operation("list_comments", {200: CommentDocument}, paged=True),
        "POST": Operation(
            "add_comment", {201: CommentDocument}, "Write a comment", body=CommentFields, conflicts=UNCHANGEABLE
        ),
    }

    def get(self, request: Request, task: str) -> Response:
        found = find_task(self.actor, task, Action.COMMENT_READ)
        parameters = self.query()
        page = take_page(Comment.objects.filter(task=found).select_related("author"), OLDEST_FIRST, parameters)
        return Response({"results": comments_json(found.project_id, page.rows), "next_cursor": page.next_cursor})

    def post(self, request: Request, task: str) -> Response:
        find_task(self.actor, task, Action.COMMENT_WRITE)
        body = self.parse(CommentFields)["body"]

        def create() -> Response:
            comment = comments.add_comment(self.actor, task, body)
            return answer_comment(comment, status=201, headers={"Location": f"{request.path}/{comment.pk}"})

        return self.once(create)


class CommentDetail(Endpoint):
    """One comment."""

    actions = {"GET": Action.COMMENT_READ, "PATCH": Action.COMMENT_WRITE, "DELETE": Action.COMMENT_WRITE}
    operations = {
        "GET": Operation("get_comment", {200: CommentDocument}),
        "PATCH": Operation(
            "update_comment",
            {200: CommentDocument},
            "Edit a comment",
            body=CommentFields,
            conditional=True,
            conflicts=UNCHANGEABLE,
        ),
        "DELETE": Operation(
            "delete_comment", {204: None}, "Delete a comment", conditional=True, conflicts=UNCHANGEABLE
        ),
    }

    def get(self, request: Request, task: str, comment: UUID) -> Response:
        self.query()
        return answer_comment(comments.find_comment(self.actor, task, comment))

    def patch(self, request: Request, task: str, comment: UUID) -> Response:
        comments.find_comment(self.actor, task, comment)
        body = self.parse(CommentFields)["body"]
        return answer_comment(comments.update_comment(self.actor, task, comment, body, version=self.if_match()))

    def delete(self, request: Request, task: str, comment: UUID) -> Response:
        comments.delete_comment(self.actor, task, comment, version=self.if_match())
        return Response(status=204)


class TaskHistory(Endpoint):
    """What happened to a task, oldest first."""

    actions = {"GET": Action.TASK_READ}
    operations = {"GET": Operation("get_history", {200: HistoryEntryDocument}, paged=True)}

    def get(self, request: Request, task: str) -> Response:
        found = find_task(self.actor, task, Action.TASK_READ)
        parameters = self.query()
        # What happened while the task was in a project that the reader does not see is not told.
        visible = Project.objects.visible_to(self.actor).values("pk")
        events = Event.objects.filter(task_id=found.pk, stream__project_id__in=visible)
        page = take_page(events, EARLIEST_FIRST, parameters)
        seen = _visible_ends(self.actor, page.rows)
        results = [
            {
                "id": event.pk,
                "seq": event.seq,
                "type": event.type,
                "actor": event.actor_name,
                "time": event.time,
                "data": _narrow_ends(event.data, seen),
            }
            for event in page.rows
        ]
        return Response({"results": results, "next_cursor": page.next_cursor})


def _visible_ends(actor: Actor, events: Sequence[Event]) -> set[str]:
    """Of the tasks that changes of `blocked_by` and `parent` name, those that the reader sees."""
    named: set[str] = set()
    for event in events:
        changes = event.data.get("changes", {})
        for name in _ENDS & changes.keys():
            for ends in changes[name].values():
                named |= set(ends) if isinstance(ends, list) else {ends} - {None}
    return {str(pk) for pk in Task.objects.visible_to(actor).filter(pk__in=named).values_list("pk", flat=True)}


def _narrow_ends(data: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    """`data` without the tasks that the reader does not see, as in the task itself."""
    changes = data.get("changes", {})
    narrowed = {
        name: {
            side: [end for end in ends if end in seen] if isinstance(ends, list) else ends if ends in seen else None
            for side, ends in changes[name].items()
        }
        for name in _ENDS & changes.keys()
    }
    return data | {"changes": changes | narrowed} if narrowed else data
