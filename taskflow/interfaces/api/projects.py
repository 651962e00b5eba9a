"""REST: projects."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import project_removal, projects
from taskflow.application.access import find_project
from taskflow.domain.permissions import Action, ProjectRole
from taskflow.domain.priority import Priority
from taskflow.domain.urgency_weights import Weights, parse_weights
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import FlagField, FractionField, InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.lists import parse_flag
from taskflow.interfaces.api.operation import NoFields, Operation, flag
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.store.models import Membership, Project

COLOR = r"^#[0-9a-fA-F]{6}\Z"
KEY = r"^[A-Za-z][A-Za-z0-9]{1,9}\Z"
OLDEST_FIRST = (SortKey("created_at", "created_at"),)


class WeightsField(serializers.JSONField):
    """The project's urgency weights: names and bounds as in the documentation of urgency."""

    json_schema = Weights.model_json_schema()

    def to_internal_value(self, data: Any) -> Any:
        weights = parse_weights(data, field=self.field_name or "urgency_weights")
        return weights.model_dump(exclude_unset=True)


class ProjectFields(StrictSerializer):
    """What a client may set on a project."""

    name = TextField(max_length=200)
    key = serializers.RegexField(KEY, required=False, help_text="2 to 10 letters and digits, a letter first")
    description = TextField(max_length=100_000, required=False, allow_blank=True, trim_whitespace=False)
    color = serializers.RegexField(COLOR, required=False, allow_blank=True, help_text="#rrggbb, or empty")
    archived = FlagField(required=False)
    default_priority = serializers.ChoiceField([level.value for level in Priority], required=False)
    auto_suggest = serializers.ChoiceField(["off", "on_create"], required=False)
    auto_apply_confidence = FractionField(min_value=0, max_value=1, required=False, allow_null=True)
    remote_models_allowed = FlagField(required=False)
    urgency_weights = WeightsField(required=False, help_text="Only the weights that differ from the defaults")


class ProjectDocument(ProjectFields):
    """A project as clients see it."""

    id = serializers.UUIDField()
    key = serializers.CharField()  # type: ignore[assignment]
    inbox = serializers.BooleanField(help_text="Whether it is somebody's inbox")
    role = serializers.ChoiceField([role.value for role in ProjectRole], help_text="The reader's own role")
    created_at = InstantField()
    updated_at = InstantField()
    version = serializers.IntegerField()


class TransferFields(StrictSerializer):
    """The member who becomes the owner."""

    user = TextField(max_length=64, help_text="Username")


def project_json(project: Project, role: str) -> dict[str, Any]:
    """A ProjectDocument; `role` is the reader's own."""
    return {
        "id": project.pk,
        "name": project.name,
        "key": project.key,
        "description": project.description,
        "color": project.color,
        "archived": project.archived,
        "default_priority": Priority.from_rank(project.default_priority).value,
        "auto_suggest": project.auto_suggest,
        "auto_apply_confidence": project.auto_apply_confidence,
        "remote_models_allowed": project.remote_models_allowed,
        "urgency_weights": project.urgency_weights,
        "inbox": project.inbox_of_id is not None,
        "role": role,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "version": project.version,
    }


class ProjectList(Endpoint):
    """The projects that the reader is in."""

    actions = {"GET": Action.PROJECT_LIST, "POST": Action.PROJECT_CREATE}
    operations = {
        "GET": Operation(
            "list_projects",
            {200: ProjectDocument},
            query=(flag("archived", "Only archived ones, or only the others"),),
            paged=True,
        ),
        "POST": Operation(
            "create_project",
            {201: ProjectDocument},
            "Create a project",
            body=ProjectFields,
            conflicts="The key is taken",
        ),
    }

    def get(self, request: Request) -> Response:
        parameters = self.query()
        rows: QuerySet[Project] = Project.objects.visible_to(self.actor)
        if "archived" in parameters:
            rows = rows.filter(archived=parse_flag("archived", parameters["archived"]))
        page = take_page(rows, OLDEST_FIRST, parameters)
        roles = dict(
            Membership.objects.filter(user_id=self.actor.person, project__in=[p.pk for p in page.rows]).values_list(
                "project_id", "role"
            )
        )
        results = [project_json(project, roles[project.pk]) for project in page.rows]
        return Response({"results": results, "next_cursor": page.next_cursor})

    def post(self, request: Request) -> Response:
        fields = self.parse(ProjectFields)

        def create() -> Response:
            project = projects.create_project(self.actor, fields)
            location = f"{request.path}/{project.pk}"
            return answer(project_json(project, "owner"), status=201, headers={"Location": location})

        return self.once(create)


class ProjectDetail(Endpoint):
    """One project, by id or key."""

    actions = {"GET": Action.PROJECT_READ, "PATCH": Action.PROJECT_UPDATE, "DELETE": Action.PROJECT_DELETE}
    operations = {
        "GET": Operation("get_project", {200: ProjectDocument}),
        "PATCH": Operation(
            "update_project",
            {200: ProjectDocument},
            "Change a project",
            body=ProjectFields,
            conditional=True,
            conflicts="The key is taken, or an inbox cannot change so",
        ),
        "DELETE": Operation(
            "delete_project",
            {204: None},
            "Delete a project with everything in it",
            conditional=True,
            conflicts="An inbox stays",
        ),
    }

    def get(self, request: Request, project: str) -> Response:
        self.query()
        return self._answer(find_project(self.actor, project, Action.PROJECT_READ))

    def patch(self, request: Request, project: str) -> Response:
        find_project(self.actor, project, Action.PROJECT_UPDATE)
        fields = self.parse(ProjectFields, partial=True)
        return self._answer(projects.update_project(self.actor, project, fields, version=self.if_match()))

    def delete(self, request: Request, project: str) -> Response:
        project_removal.delete_project(self.actor, project, version=self.if_match())
        return Response(status=204)

    def _answer(self, project: Project) -> Response:
        return answer_project(self, project)


def answer_project(endpoint: Endpoint, project: Project) -> Response:
    """A project with the reader's own role in it."""
    members_of = Membership.objects.filter(project=project, user_id=endpoint.actor.person)
    return answer(project_json(project, members_of.values_list("role", flat=True).get()))


class ProjectArchive(Endpoint):
    """Puts a project away."""

    actions = {"POST": Action.PROJECT_ARCHIVE}
    operations = {
        "POST": Operation(
            "archive_project", {200: ProjectDocument}, body=NoFields, conditional=True, conflicts="An inbox stays"
        )
    }

    def post(self, request: Request, project: str) -> Response:
        self.refuse_body()
        version = self.if_match()
        return self.once(lambda: answer_project(self, projects.archive_project(self.actor, project, version=version)))


class ProjectUnarchive(Endpoint):
    """Takes a project up again that was put away."""

    actions = {"POST": Action.PROJECT_ARCHIVE}
    operations = {"POST": Operation("unarchive_project", {200: ProjectDocument}, body=NoFields, conditional=True)}

    def post(self, request: Request, project: str) -> Response:
        self.refuse_body()
        version = self.if_match()
        return self.once(lambda: answer_project(self, projects.unarchive_project(self.actor, project, version=version)))


class ProjectTransfer(Endpoint):
    """Makes another member the owner."""

    actions = {"POST": Action.PROJECT_TRANSFER}
    operations = {
        "POST": Operation(
            "transfer_project",
            {200: ProjectDocument},
            body=TransferFields,
            conditional=True,
            conflicts="An inbox stays with its owner",
        )
    }

    def post(self, request: Request, project: str) -> Response:
        find_project(self.actor, project, Action.PROJECT_TRANSFER)
        heir = self.parse(TransferFields)["user"]
        version = self.if_match()
        return self.once(
            lambda: answer_project(self, projects.transfer_project(self.actor, project, heir, version=version))
        )
