"""REST: who is in a project."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import members
from taskflow.application.access import find_project
from taskflow.domain.permissions import Action, ProjectRole
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.store.models import Membership

LAST_OWNER = "They are the last owner"
OLDEST_FIRST = (SortKey("created_at", "created_at"),)


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


def member_json(membership: Membership) -> dict[str, Any]:
    """A MemberDocument."""
    return {
        "user": membership.user.username,
        "role": membership.role,
        "created_at": membership.created_at,
        "version": membership.version,
    }


class MemberList(Endpoint):
    """Who is in a project."""

    actions = {"GET": Action.MEMBER_READ, "POST": Action.MEMBER_WRITE}
    operations = {
        "GET": Operation("list_members", {200: MemberDocument}, paged=True),
        "POST": Operation(
            "add_member",
            {201: MemberDocument},
            "Take somebody into a project",
            body=MemberFields,
            conflicts="They are a member already, or it is an inbox",
        ),
    }

    def get(self, request: Request, project: str) -> Response:
        found = find_project(self.actor, project, Action.MEMBER_READ)
        parameters = self.query()
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
    operations = {
        "GET": Operation("get_member", {200: MemberDocument}),
        "PATCH": Operation(
            "change_role",
            {200: MemberDocument},
            "Change a member's role",
            body=RoleFields,
            conditional=True,
            conflicts=LAST_OWNER,
        ),
        "DELETE": Operation(
            "remove_member", {204: None}, "Remove a member, or leave", conditional=True, conflicts=LAST_OWNER
        ),
    }

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
