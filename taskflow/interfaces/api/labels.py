"""REST: the labels of projects."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import labels
from taskflow.application.references import named_project
from taskflow.domain.permissions import Action
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import StrictSerializer, TextField
from taskflow.interfaces.api.lists import parse_choices
from taskflow.interfaces.api.operation import Operation, list_of
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.interfaces.api.projects import COLOR
from taskflow.store.models import Label, Project

CONFLICT = "The project has a label of this name, or is archived"
OLDEST_FIRST = (SortKey("created_at", "created_at"),)


class LabelFields(StrictSerializer):
    """What a client may set on a label."""

    name = TextField(max_length=100)
    color = serializers.RegexField(COLOR, required=False, allow_blank=True)


class NewLabelFields(LabelFields):
    """A label and the project that it belongs to."""

    project = TextField(max_length=64, help_text="Id or key")


class LabelDocument(LabelFields):
    """A label as clients see it."""

    id = serializers.UUIDField()
    project = serializers.UUIDField()
    version = serializers.IntegerField()


def label_json(label: Label) -> dict[str, Any]:
    """A LabelDocument."""
    return {
        "id": label.pk,
        "project": label.project_id,
        "name": label.name,
        "color": label.color,
        "version": label.version,
    }


class LabelList(Endpoint):
    """Labels of the projects that the reader is in."""

    actions = {"GET": Action.LABEL_LIST, "POST": Action.LABEL_WRITE}
    operations = {
        "GET": Operation("list_labels", {200: LabelDocument}, query=(list_of("project", "Ids or keys"),), paged=True),
        "POST": Operation(
            "create_label", {201: LabelDocument}, "Create a label", body=NewLabelFields, conflicts=CONFLICT
        ),
    }

    def get(self, request: Request) -> Response:
        parameters = self.query()
        visible = Project.objects.visible_to(self.actor)
        rows = Label.objects.filter(project__in=visible.values("pk"))
        if "project" in parameters:
            wanted = [
                named_project("project", self.actor, reference, Action.LABEL_READ).pk
                for reference in parse_choices("project", parameters["project"])
            ]
            rows = rows.filter(project__in=wanted)
        page = take_page(rows, OLDEST_FIRST, parameters)
        return Response({"results": [label_json(row) for row in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request) -> Response:
        fields = self.parse(NewLabelFields)

        def create() -> Response:
            project = named_project("project", self.actor, fields["project"], Action.LABEL_WRITE)
            label = labels.create_label(self.actor, project.pk, fields["name"], fields.get("color", ""))
            return answer(label_json(label), status=201, headers={"Location": f"{request.path}/{label.pk}"})

        return self.once(create)


class LabelDetail(Endpoint):
    """One label."""

    actions = {"GET": Action.LABEL_READ, "PATCH": Action.LABEL_WRITE, "DELETE": Action.LABEL_WRITE}
    operations = {
        "GET": Operation("get_label", {200: LabelDocument}),
        "PATCH": Operation(
            "update_label",
            {200: LabelDocument},
            "Change a label",
            body=LabelFields,
            conditional=True,
            conflicts=CONFLICT,
        ),
        "DELETE": Operation(
            "delete_label", {204: None}, "Delete a label", conditional=True, conflicts="The project is archived"
        ),
    }

    def get(self, request: Request, label: UUID) -> Response:
        self.query()
        return answer(label_json(labels.find_label(self.actor, label)))

    def patch(self, request: Request, label: UUID) -> Response:
        labels.find_label(self.actor, label, Action.LABEL_WRITE)
        fields = self.parse(LabelFields, partial=True)
        return answer(label_json(labels.update_label(self.actor, label, fields, version=self.if_match())))

    def delete(self, request: Request, label: UUID) -> Response:
        labels.delete_label(self.actor, label, version=self.if_match())
        return Response(status=204)
