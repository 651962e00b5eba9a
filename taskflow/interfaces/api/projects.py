"""REST: projects, their members and labels."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import labels, members, projects
from taskflow.application.access import find_project
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action, ProjectRole
from taskflow.domain.priority import Priority
from taskflow.domain.urgency_weights import parse_weights
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import FlagField, FractionField, InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.lists import parse_choices, parse_flag
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.store.models import Label, Membership, Project

COLOR = r"^(#[0-9a-fA-F]{6})?\Z"
KEY = r"^[A-Za-z][A-Za-z0-9]{1,9}\Z"
OLDEST_FIRST = (SortKey("created_at", "created_at"),)


class WeightsField(serializers.JSONField):
    """The project's urgency weights: names and bounds as in the documentation of urgency."""

    def to_internal_value(self, data: Any) -> Any:
        weights = parse_weights(super().to_internal_value(data), field=self.field_name or "urgency_weights")
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
    key = serializers.CharField()
    inbox = serializers.BooleanField(help_text="Whether it is somebody's inbox")
    role = serializers.ChoiceField([role.value for role in ProjectRole], help_text="The reader's own role")
    created_at = InstantField()
    updated_at = InstantField()
    version = serializers.IntegerField()


class MemberFields(StrictSerializer):
    """Somebody to take into a project."""

    user = TextField(max_length=64, help_text="Username")
    role = serializers.ChoiceField([role.value for role in ProjectRole])


class RoleFields(StrictSerializer):
    """A member's new role."""

    role = serializers.ChoiceField([role.value for role in ProjectRole])


class MemberDocument(serializers.Serializer[Any]):
    """A member as clients see it."""

    user = serializers.CharField()
    role = serializers.ChoiceField([role.value for role in ProjectRole])
    created_at = InstantField()
    version = serializers.IntegerField()


class TransferFields(StrictSerializer):
    """The member who becomes the owner."""

    user = TextField(max_length=64, help_text="Username")


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


def project_json(project: Project, role: str) -> dict[str, Any]:
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


def member_json(membership: Membership) -> dict[str, Any]:
    return {
        "user": membership.user.username,
        "role": membership.role,
        "created_at": membership.created_at,
        "version": membership.version,
    }


def label_json(label: Label) -> dict[str, Any]:
    return {
        "id": label.pk,
        "project": label.project_id,
        "name": label.name,
        "color": label.color,
        "version": label.version,
    }


class ProjectList(Endpoint):
    """The projects that the reader is in."""

    actions = {"GET": Action.PROJECT_LIST, "POST": Action.PROJECT_CREATE}

    def get(self, request: Request) -> Response:
        parameters = self.query("limit", "cursor", "archived")
        rows: QuerySet[Project] = Project.objects.visible_to(self.actor)
        if "archived" in parameters:
            rows = rows.filter(archived=parse_flag("archived", parameters["archived"]))
        page = take_page(rows, OLDEST_FIRST, parameters)
        roles = dict(
            Membership.objects.filter(user_id=self.actor.user_id, project__in=[p.pk for p in page.rows]).values_list(
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

    def get(self, request: Request, project: str) -> Response:
        self.query()
        return self._answer(find_project(self.actor, project, Action.PROJECT_READ))

    def patch(self, request: Request, project: str) -> Response:
        find_project(self.actor, project, Action.PROJECT_UPDATE)
        fields = self.parse(ProjectFields, partial=True)
        return self._answer(projects.update_project(self.actor, project, fields, version=self.if_match()))

    def delete(self, request: Request, project: str) -> Response:
        projects.delete_project(self.actor, project, version=self.if_match())
        return Response(status=204)

    def _answer(self, project: Project) -> Response:
        return answer_project(self, project)


def answer_project(endpoint: Endpoint, project: Project) -> Response:
    """A project with the reader's own role in it."""
    members_of = Membership.objects.filter(project=project, user_id=endpoint.actor.user_id)
    return answer(project_json(project, members_of.values_list("role", flat=True).get()))


class ProjectArchive(Endpoint):
    """Puts a project away."""

    actions = {"POST": Action.PROJECT_ARCHIVE}

    def post(self, request: Request, project: str) -> Response:
        self.refuse_body()
        version = self.if_match()
        return self.once(lambda: answer_project(self, projects.archive_project(self.actor, project, version=version)))


class ProjectTransfer(Endpoint):
    """Makes another member the owner."""

    actions = {"POST": Action.PROJECT_TRANSFER}

    def post(self, request: Request, project: str) -> Response:
        find_project(self.actor, project, Action.PROJECT_TRANSFER)
        heir = self.parse(TransferFields)["user"]
        return self.once(lambda: answer_project(self, projects.transfer_project(self.actor, project, heir)))


class MemberList(Endpoint):
    """Who is in a project."""

    actions = {"GET": Action.MEMBER_READ, "POST": Action.MEMBER_WRITE}

    def get(self, request: Request, project: str) -> Response:
        found = find_project(self.actor, project, Action.MEMBER_READ)
        parameters = self.query("limit", "cursor")
        rows = Membership.objects.filter(project=found).select_related("user")
        page = take_page(rows, OLDEST_FIRST, parameters)
        return Response({"results": [member_json(row) for row in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request, project: str) -> Response:
        find_project(self.actor, project, Action.MEMBER_WRITE)
        fields = self.parse(MemberFields)

        def create() -> Response:
            role = ProjectRole(fields["role"])
            membership = members.add_member(self.actor, project, fields["user"], role)
            location = f"{request.path}/{membership.user.username}"
            return answer(member_json(membership), status=201, headers={"Location": location})

        return self.once(create)


class MemberDetail(Endpoint):
    """One member of a project."""

    actions = {"GET": Action.MEMBER_READ, "PATCH": Action.MEMBER_WRITE, "DELETE": Action.MEMBER_LEAVE}

    def get(self, request: Request, project: str, username: str) -> Response:
        self.query()
        return answer(member_json(members.find_member(self.actor, project, username)))

    def patch(self, request: Request, project: str, username: str) -> Response:
        members.find_member(self.actor, project, username, Action.MEMBER_WRITE)
        fields = self.parse(RoleFields)
        role = ProjectRole(fields["role"])
        membership = members.change_role(self.actor, project, username, role, version=self.if_match())
        return answer(member_json(membership))

    def delete(self, request: Request, project: str, username: str) -> Response:
        members.remove_member(self.actor, project, username, version=self.if_match())
        return Response(status=204)


class LabelList(Endpoint):
    """Labels of the projects that the reader is in."""

    actions = {"GET": Action.LABEL_LIST, "POST": Action.LABEL_WRITE}

    def get(self, request: Request) -> Response:
        parameters = self.query("limit", "cursor", "project")
        visible = Project.objects.visible_to(self.actor)
        rows = Label.objects.filter(project__in=visible.values("pk"))
        if "project" in parameters:
            wanted = [
                find_project(self.actor, reference, Action.LABEL_READ).pk
                for reference in parse_choices("project", parameters["project"])
            ]
            rows = rows.filter(project__in=wanted)
        page = take_page(rows, OLDEST_FIRST, parameters)
        return Response({"results": [label_json(row) for row in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request) -> Response:
        fields = self.parse(NewLabelFields)

        def create() -> Response:
            label = labels.create_label(self.actor, self._project(fields), fields["name"], fields.get("color", ""))
            return answer(label_json(label), status=201, headers={"Location": f"{request.path}/{label.pk}"})

        return self.once(create)

    def _project(self, fields: dict[str, Any]) -> UUID:
        from taskflow.application.task_fields import resolve

        found = resolve("project", lambda ref: find_project(self.actor, ref, Action.LABEL_WRITE), fields["project"])
        if found is None:
            raise Invalid.field("project", "required", "Name the label's project.")
        return found.pk


class LabelDetail(Endpoint):
    """One label."""

    actions = {"GET": Action.LABEL_READ, "PATCH": Action.LABEL_WRITE, "DELETE": Action.LABEL_WRITE}

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
