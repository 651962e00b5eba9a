"""REST: saved filters, the reader's own and those that everybody has."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import saved_filters
from taskflow.domain.errors import Invalid
from taskflow.domain.filters.builtin import BUILTIN, BuiltinFilter
from taskflow.domain.filters.tokens import LONGEST_FILTER
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import StrictSerializer, TextField
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.pages import parse_limit
from taskflow.store.models import SavedFilter

ORDERING = "As the parameter `ordering` of the list of tasks; empty: newest first"


class FilterFields(StrictSerializer):
    """What a client may set on a filter."""

    name = TextField(max_length=100)
    # A blank around the text would shift the positions of errors.
    expression = TextField(
        max_length=LONGEST_FILTER, trim_whitespace=False, help_text="As the parameter `filter` of the list of tasks"
    )
    ordering = TextField(max_length=200, required=False, allow_blank=True, help_text=ORDERING)


class FilterDocument(FilterFields):
    """A filter as clients see it."""

    id = serializers.CharField(help_text="A UUID; of a built-in filter, its name")
    builtin = serializers.BooleanField(help_text="Whether everybody has it and nobody can change it")
    version = serializers.IntegerField()


def filter_json(found: SavedFilter | BuiltinFilter) -> dict[str, Any]:
    """A FilterDocument."""
    builtin = isinstance(found, BuiltinFilter)
    return {
        "id": found.name if isinstance(found, BuiltinFilter) else found.pk,
        "name": found.name,
        "expression": found.expression,
        "ordering": found.ordering,
        "builtin": builtin,
        "version": 1 if isinstance(found, BuiltinFilter) else found.version,
    }


def _filters_after(cursor: str, owner: UUID, count: int) -> list[SavedFilter | BuiltinFilter]:
    """At most `count` filters: the built-in ones, then the owner's; those after the one whose id is `cursor`."""
    builtin, own = list(BUILTIN), SavedFilter.objects.filter(owner_id=owner).order_by("pk")
    if cursor in BUILTIN:
        builtin = builtin[builtin.index(cursor) + 1 :]
    elif cursor:
        builtin = []
        try:
            own = own.filter(pk__gt=UUID(cursor))
        except ValueError as error:
            raise Invalid.field("cursor", "invalid", "Take the cursor from next_cursor of this list.") from error
    found: list[SavedFilter | BuiltinFilter] = [BUILTIN[name] for name in builtin]
    found += own[:count]
    return found[:count]


class FilterList(Endpoint):
    """The built-in filters, then the reader's own, oldest first."""

    actions = {"GET": Action.FILTER_LIST, "POST": Action.FILTER_WRITE}
    operations = {
        "GET": Operation("list_filters", {200: FilterDocument}, paged=True),
        "POST": Operation(
            "create_filter",
            {201: FilterDocument},
            "Save a filter",
            body=FilterFields,
            conflicts=f"There are {saved_filters.MOST_FILTERS} of them",
        ),
    }

    def get(self, request: Request) -> Response:
        limit = parse_limit(self.query())
        found = _filters_after(self.query().get("cursor", ""), self.actor.person, limit + 1)
        results = [filter_json(held) for held in found[:limit]]
        return Response({"results": results, "next_cursor": str(results[-1]["id"]) if len(found) > limit else None})

    def post(self, request: Request) -> Response:
        fields = self.parse(FilterFields)

        def create() -> Response:
            found = saved_filters.create_filter(self.actor, fields)
            return answer(filter_json(found), status=201, headers={"Location": f"{request.path}/{found.pk}"})

        return self.once(create)


class FilterDetail(Endpoint):
    """One filter, by id or built-in name."""

    actions = {"GET": Action.FILTER_READ, "PATCH": Action.FILTER_WRITE, "DELETE": Action.FILTER_WRITE}
    operations = {
        "GET": Operation("get_filter", {200: FilterDocument}),
        "PATCH": Operation(
            "update_filter", {200: FilterDocument}, "Change a filter", body=FilterFields, conditional=True
        ),
        "DELETE": Operation("delete_filter", {204: None}, "Delete a filter", conditional=True),
    }

    def get(self, request: Request, filter: str) -> Response:
        self.query()
        return answer(filter_json(saved_filters.find_filter(self.actor, filter)))

    def patch(self, request: Request, filter: str) -> Response:
        saved_filters.find_filter(self.actor, filter)
        fields = self.parse(FilterFields, partial=True)
        found = saved_filters.update_filter(self.actor, filter, fields, version=self.if_match())
        return answer(filter_json(found))

    def delete(self, request: Request, filter: str) -> Response:
        saved_filters.delete_filter(self.actor, filter, version=self.if_match())
        return Response(status=204)
