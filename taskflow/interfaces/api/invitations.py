"""REST: invitations into projects."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import invitations
from taskflow.application.access import find_project
from taskflow.application.invitations import Issued
from taskflow.domain.permissions import Action, ProjectRole
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.operation import NoFields, Operation
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.interfaces.api.projects import ProjectDocument, answer_project
from taskflow.store.models import Invitation

OLDEST_FIRST = (SortKey("created_at", "created_at"),)


class InvitationFields(StrictSerializer):
    """Whom to invite, whether they have an account or not."""

    email = TextField(max_length=254)
    role = serializers.ChoiceField([role.value for role in ProjectRole])


class AcceptFields(StrictSerializer):
    """The last part of the link."""

    token = TextField(max_length=100)


class InvitationDocument(serializers.Serializer[Any]):
    """An open invitation as the project's admins see it."""

    id = serializers.UUIDField()
    project = serializers.UUIDField()
    email = serializers.CharField()
    role = serializers.ChoiceField([role.value for role in ProjectRole])
    invited_by = serializers.CharField(allow_null=True)
    mailed = serializers.BooleanField(help_text="Whether the link is sent by e-mail")
    created_at = InstantField()
    sent_at = InstantField()
    expires_at = InstantField()
    version = serializers.IntegerField()


class IssuedInvitationDocument(InvitationDocument):
    """An invitation with its link, which is shown this once, where no e-mail carries it."""

    link = serializers.CharField(allow_null=True)


def invitation_json(invitation: Invitation) -> dict[str, Any]:
    """An InvitationDocument."""
    return {
        "id": invitation.pk,
        "project": invitation.project_id,
        "email": invitation.email,
        "role": invitation.role,
        "invited_by": invitation.invited_by.username if invitation.invited_by else None,
        "mailed": invitation.mailed,
        "created_at": invitation.created_at,
        "sent_at": invitation.sent_at,
        "expires_at": invitation.expires_at,
        "version": invitation.version,
    }


def _answer(issued: Issued, *, status: int = 200, location: str | None = None) -> Response:
    document = {**invitation_json(issued.invitation), "link": issued.link}
    headers = {"Cache-Control": "no-store"} | ({"Location": location} if location else {})
    return answer(document, status=status, headers=headers)


class InvitationList(Endpoint):
    """A project's open invitations, oldest first."""

    actions = {"GET": Action.INVITATION_READ, "POST": Action.INVITATION_WRITE}
    keeps_answers = False
    operations = {
        "GET": Operation("list_invitations", {200: InvitationDocument}, paged=True),
        "POST": Operation(
            "invite",
            {201: IssuedInvitationDocument},
            "Invite somebody into a project",
            body=InvitationFields,
            conflicts="They are invited already, the project has too many invitations, or it is an inbox",
        ),
    }

    def get(self, request: Request, project: str) -> Response:
        found = find_project(self.actor, project, Action.INVITATION_READ)
        parameters = self.query()
        rows = Invitation.objects.filter(project=found, closed_at=None).select_related("invited_by")
        page = take_page(rows, OLDEST_FIRST, parameters)
        return Response({"results": [invitation_json(row) for row in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request, project: str) -> Response:
        find_project(self.actor, project, Action.INVITATION_WRITE)
        fields = self.parse(InvitationFields)
        issued = invitations.invite(self.actor, project, fields["email"], ProjectRole(fields["role"]))
        return _answer(issued, status=201, location=f"{request.path}/{issued.invitation.pk}")


class InvitationDetail(Endpoint):
    """One open invitation."""

    actions = {"GET": Action.INVITATION_READ, "DELETE": Action.INVITATION_WRITE}
    operations = {
        "GET": Operation("get_invitation", {200: InvitationDocument}),
        "DELETE": Operation("withdraw_invitation", {204: None}, "Withdraw an invitation", conditional=True),
    }

    def get(self, request: Request, project: str, invitation: UUID) -> Response:
        self.query()
        return answer(invitation_json(invitations.find_open_invitation(self.actor, project, invitation)))

    def delete(self, request: Request, project: str, invitation: UUID) -> Response:
        invitations.withdraw_invitation(self.actor, project, invitation, version=self.if_match())
        return Response(status=204)


class InvitationResend(Endpoint):
    """Sends an invitation again, with a new link; the old one ends."""

    actions = {"POST": Action.INVITATION_WRITE}
    keeps_answers = False
    operations = {"POST": Operation("resend_invitation", {200: IssuedInvitationDocument}, body=NoFields)}

    def post(self, request: Request, project: str, invitation: UUID) -> Response:
        find_project(self.actor, project, Action.INVITATION_WRITE)
        self.refuse_body()
        return _answer(invitations.resend_invitation(self.actor, project, invitation))


class InvitationAccept(Endpoint):
    """Makes the reader a member of the project that a link leads into, and answers with it."""

    actions = {"POST": Action.INVITATION_ACCEPT}
    operations = {"POST": Operation("accept_invitation", {200: ProjectDocument}, body=AcceptFields, hides=True)}

    def post(self, request: Request) -> Response:
        token = self.parse(AcceptFields)["token"]

        def accept() -> Response:
            return answer_project(self, invitations.accept_invitation(self.actor, token).project)

        return self.once(accept)
