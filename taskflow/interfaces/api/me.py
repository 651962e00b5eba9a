"""REST: one's own account."""

from typing import Any

from django.contrib.auth import logout
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import accounts
from taskflow.application.account_removal import delete_account
from taskflow.application.sign_in import has_second_factor
from taskflow.domain.permissions import Action, SiteRole
from taskflow.interfaces.api.authentication import person_of
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.web.verification import (
    lacks_confirmation,
    must_wait_for_verification,
    pending_address,
    propose_address,
    send_verification,
)
from taskflow.store.models import User


class ProfileFields(StrictSerializer):
    """What people may change about themselves."""

    username = TextField(max_length=64, required=False)
    email = TextField(max_length=254, required=False, allow_blank=True)
    timezone = TextField(max_length=64, required=False, help_text="IANA name")


class UserDocument(serializers.Serializer[Any]):
    """An account as its owner and managers see it."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    pending_email = serializers.CharField(allow_null=True, help_text="The new address, until its link was opened")
    timezone = serializers.CharField()
    role = serializers.ChoiceField([role.value for role in SiteRole])
    is_active = serializers.BooleanField()
    second_factor = serializers.BooleanField(help_text="Whether signing in asks for a code")
    created_at = InstantField()
    version = serializers.IntegerField()


def user_json(user: User) -> dict[str, Any]:
    """An account as its owner and managers see it."""
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "pending_email": pending_address(user),
        "timezone": user.timezone,
        "role": user.role,
        "is_active": user.is_active,
        "second_factor": has_second_factor(user),
        "created_at": user.created_at,
        "version": user.version,
    }


class Me(Endpoint):
    """`me`"""

    actions = {"GET": Action.ME_READ, "PATCH": Action.ME_WRITE, "DELETE": Action.ME_WRITE}
    operations = {
        "GET": Operation("get_me", {200: UserDocument}, summary="One's own account"),
        "PATCH": Operation(
            "update_me", {200: UserDocument}, summary="Change one's account", body=ProfileFields, conditional=True
        ),
        "DELETE": Operation(
            "delete_me",
            {204: None},
            summary="Delete one's account with the projects that nobody else is in",
            conditional=True,
            conflicts="The last owner of a shared project, or the only administrator",
        ),
    }

    def get(self, request: Request) -> Response:
        return answer(user_json(person_of(request)))

    def patch(self, request: Request) -> Response:
        fields = self.parse(ProfileFields, partial=True)
        email = fields.get("email")
        waits = must_wait_for_verification(person_of(request), email)
        if waits:
            del fields["email"]
        user = accounts.update_user(self.actor, person_of(request), fields, version=self.if_match())
        if waits:
            propose_address(request._request, user, str(email))
        elif email and lacks_confirmation(user):
            send_verification(request._request, user, user.email)
        return answer(user_json(user))

    def delete(self, request: Request) -> Response:
        delete_account(self.actor, person_of(request), version=self.if_match())
        if request.auth is None:
            logout(request._request)
        return Response(status=204)
