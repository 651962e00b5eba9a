"""REST: other people. Everybody sees whom they share a project with; managers see and manage all."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import accounts
from taskflow.application.access import require_site
from taskflow.application.second_factors import remove_second_factor
from taskflow.domain.errors import NotFound
from taskflow.domain.permissions import Action, Actor, SiteRole, allows_site
from taskflow.domain.text import fold
from taskflow.interfaces.api.auth import PasswordField
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import FlagField, TextField
from taskflow.interfaces.api.me import ProfileFields, UserDocument, user_json
from taskflow.interfaces.api.operation import Operation, Query
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.store.models import Membership, Project, User
from taskflow.store.models.users import fold_name

_BY_NAME = (SortKey("username", "username_key"),)


class NewUserFields(ProfileFields):
    """An account that a manager makes. Without a password its owner needs a sign-in link."""

    username = TextField(max_length=64)
    password = PasswordField(required=False)
    role = serializers.ChoiceField([role.value for role in SiteRole], required=False)


class ManagedFields(ProfileFields):
    """What managers may change about others."""

    role = serializers.ChoiceField([role.value for role in SiteRole], required=False)
    is_active = FlagField(required=False)


class PersonDocument(serializers.Serializer[Any]):
    """A person as everybody sees them."""

    id = serializers.UUIDField()
    username = serializers.CharField()


def person_json(user: User) -> dict[str, Any]:
    """A person as everybody sees them."""
    return {"id": user.pk, "username": user.username}


class UserList(Endpoint):
    """`users`"""

    actions = {"GET": Action.USER_LIST, "POST": Action.USER_ADMIN}
    keeps_answers = False
    operations = {
        "GET": Operation(
            "list_users",
            {200: PersonDocument},
            summary="People whom the reader shares a project with; for managers, everybody",
            query=(
                Query(
                    "q",
                    "The beginning of a name, in any case and without accents; for managers also of an address",
                ),
            ),
            paged=True,
        ),
        "POST": Operation(
            "create_user", {201: UserDocument}, summary="Make an account for somebody", body=NewUserFields
        ),
    }

    def get(self, request: Request) -> Response:
        parameters = self.query()
        manages = _manages(self.actor)
        found = _visible_people(self.actor)
        if parameters.get("q"):
            match = Q(name_search__startswith=fold(parameters["q"]))
            address = Q(email_key__startswith=fold_name(parameters["q"]))
            found = found.filter(match | address if manages else match)
        page = take_page(found, _BY_NAME, parameters)
        return answer({"results": [person_json(user) for user in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request) -> Response:
        fields = self.parse(NewUserFields)
        user = accounts.create_user(
            self.actor,
            fields["username"],
            fields.get("email", ""),
            fields.get("password"),
            SiteRole(fields.get("role", SiteRole.MEMBER)),
            fields.get("timezone", "UTC"),
        )
        return answer(user_json(user), status=201, headers={"Location": f"/api/v1/users/{user.username}"})


class UserDetail(Endpoint):
    """`users/{username}`"""

    actions = {"GET": Action.USER_ADMIN, "PATCH": Action.USER_ADMIN}
    operations = {
        "GET": Operation("get_user", {200: UserDocument}, summary="One account"),
        "PATCH": Operation(
            "update_user",
            {200: UserDocument},
            summary="Change somebody's account, role or activity",
            body=ManagedFields,
            conditional=True,
            conflicts="No administrator would be left",
        ),
    }

    def get(self, request: Request, username: str) -> Response:
        return answer(user_json(_find(self.actor, username)))

    def patch(self, request: Request, username: str) -> Response:
        fields = self.parse(ManagedFields, partial=True)
        user = _find(self.actor, username)
        return answer(user_json(accounts.update_user(self.actor, user, fields, version=self.if_match())))


class UserSecondFactor(Endpoint):
    """`users/{username}/second-factor`"""

    actions = {"DELETE": Action.USER_ADMIN}
    operations = {"DELETE": Operation("remove_second_factor", {204: None}, summary="Take a lost second factor away")}

    def delete(self, request: Request, username: str) -> Response:
        remove_second_factor(self.actor, _find(self.actor, username))
        return Response(status=204)


def _manages(actor: Actor) -> bool:
    return allows_site(Action.USER_ADMIN, actor.site_role) and actor.has_scope(Action.USER_ADMIN)


def _visible_people(actor: Actor) -> QuerySet[User]:
    if _manages(actor):
        return User.objects.all()
    shared = Membership.objects.filter(project__in=Project.objects.visible_to(actor))
    return User.objects.filter(Q(pk=actor.user_id) | Q(pk__in=shared.values("user")), is_active=True)


def _find(actor: Actor, username: str) -> User:
    require_site(actor, Action.USER_ADMIN)
    user = accounts.find_user(username)
    if user is None:
        raise NotFound(f"There is no user {username[:64]}.")
    return user
