"""REST: calendar feeds. Making one shows its secret once, so no answer is kept for `Idempotency-Key`."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseNotModified
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import feeds
from taskflow.domain.calendar_feed import COMPONENTS
from taskflow.domain.filters.tokens import LONGEST_FILTER
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.downloads import has_copy
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, NamesField, StrictSerializer, TextField
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.interfaces.api.throttling import FeedThrottle, RequestThrottle
from taskflow.store.models import Feed

CALENDAR = "text/calendar; charset=utf-8"
_NEWEST_FIRST = (SortKey("created_at", "created_at", descending=True),)


class FeedFields(StrictSerializer):
    """A new feed."""

    name = TextField(max_length=100, help_text="What the calendar is called")
    project = TextField(max_length=64, required=False, allow_null=True, help_text="Id or key; absent: all")
    # A blank around the text would shift the positions of errors.
    filter = TextField(
        max_length=LONGEST_FILTER,
        trim_whitespace=False,
        required=False,
        allow_null=True,
        help_text="As the parameter `filter` of the list of tasks",
    )
    saved = TextField(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="As the parameter `saved` of that list: a filter's id, or inbox, today, upcoming, overdue",
    )
    components = NamesField(child=serializers.ChoiceField(COMPONENTS), min_length=1, max_length=2, required=False)


class FeedDocument(serializers.Serializer[Any]):
    """A feed as its owner sees it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    project = serializers.UUIDField(allow_null=True)
    filter = serializers.CharField(allow_null=True)
    saved = serializers.CharField(allow_null=True, help_text="A filter's id, or a built-in one's name")
    components = serializers.ListField(child=serializers.ChoiceField(COMPONENTS))
    created_at = InstantField()


class NewFeedDocument(FeedDocument):
    """A feed with its secret and its address, which are shown this once."""

    secret = serializers.CharField()
    url = serializers.URLField()


def feed_json(feed: Feed) -> dict[str, Any]:
    """A FeedDocument."""
    return {
        "id": feed.pk,
        "name": feed.name,
        "project": feed.project_id,
        "filter": feed.expression or None,
        "saved": feed.saved_id or feed.builtin or None,
        "components": feed.components,
        "created_at": feed.created_at,
    }


class FeedList(Endpoint):
    """The reader's own calendar feeds, newest first."""

    actions = {"GET": Action.FEED_MANAGE, "POST": Action.FEED_MANAGE}
    keeps_answers = False
    operations = {
        "GET": Operation("list_feeds", {200: FeedDocument}, paged=True),
        "POST": Operation(
            "create_feed",
            {201: NewFeedDocument},
            "Make a calendar feed",
            body=FeedFields,
            located=(),
            conflicts="There are as many feeds as there may be",
        ),
    }

    def get(self, request: Request) -> Response:
        page = take_page(Feed.objects.filter(user_id=self.actor.person), _NEWEST_FIRST, self.query())
        return Response({"results": [feed_json(feed) for feed in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request) -> Response:
        fields = self.parse(FeedFields)
        feed, secret = feeds.create_feed(
            self.actor,
            fields["name"],
            project=fields.get("project"),
            expression=fields.get("filter"),
            saved=fields.get("saved"),
            components=fields.get("components", COMPONENTS),
        )
        url = request.build_absolute_uri(reverse("feed-calendar", kwargs={"secret": secret}))
        return answer({**feed_json(feed), "secret": secret, "url": url}, status=201)


class FeedDetail(Endpoint):
    """One of the reader's own feeds."""

    actions = {"DELETE": Action.FEED_MANAGE}
    operations = {"DELETE": Operation("delete_feed", {204: None}, "End a calendar feed")}

    def delete(self, request: Request, feed: str) -> Response:
        feeds.delete_feed(self.actor, UUID(feed))
        return Response(status=204)


class FeedCalendar(Endpoint):
    """The calendar of a feed: to whoever has its secret address, what its owner may see now."""

    actions = {"GET": Action.PUBLIC}
    throttle_classes = [RequestThrottle, FeedThrottle]
    operations = {
        "GET": Operation("read_feed", {200: None}, "A feed's calendar", forms={"text/calendar": {"type": "string"}})
    }

    def get(self, request: Request, secret: str) -> HttpResponse:
        """Asks with `If-None-Match` are answered 304 while nothing has changed."""
        feed = feeds.find_feed(secret)
        base = request.build_absolute_uri(reverse("tasks") + "/")
        tag = f'"{feeds.tag_feed(feed, base)}"'
        if has_copy(request, tag):
            response: HttpResponse = HttpResponseNotModified()
        else:
            response = HttpResponse(feeds.render_feed(feed, base), content_type=CALENDAR)
            response["Content-Disposition"] = 'inline; filename="tasks.ics"'
        response["ETag"] = tag
        # The address is the credential: nothing between may keep the answer, and no page may be told of it.
        response["Cache-Control"] = "private, no-cache"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Content-Type-Options"] = "nosniff"
        return response
