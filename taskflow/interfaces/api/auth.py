"""REST: registration, API tokens, passwords. Answers show secrets once, so none is kept for `Idempotency-Key`."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from taskflow.application import accounts, tokens
from taskflow.application.account_fields import LONGEST_PASSWORD
from taskflow.application.credentials import Kept
from taskflow.application.sign_in import (
    check_second_factor,
    check_sign_in,
    has_second_factor,
    lacks_second_factor,
    lacks_verified_email,
)
from taskflow.domain.errors import Forbidden, Invalid, NotAuthenticated
from taskflow.domain.permissions import Action, Scope, SiteRole
from taskflow.interfaces.api.authentication import person_of
from taskflow.interfaces.api.endpoint import Endpoint, answer
from taskflow.interfaces.api.fields import InstantField, StrictSerializer, TextField
from taskflow.interfaces.api.me import UserDocument, user_json
from taskflow.interfaces.api.operation import Operation
from taskflow.interfaces.api.pages import SortKey, take_page
from taskflow.interfaces.web.verification import send_verification
from taskflow.store.models import ApiToken, User

_NEWEST_FIRST = (SortKey("created", "created", descending=True),)


class PasswordField(serializers.CharField):
    """A password, taken to the letter: nothing is trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONGEST_PASSWORD)
        super().__init__(trim_whitespace=False, write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            data.encode()
        except UnicodeEncodeError:
            self.fail("invalid")
        return super().to_internal_value(data)


class RegistrationFields(StrictSerializer):
    """A person who makes an account for themselves."""

    username = TextField(max_length=64)
    email = TextField(max_length=254, allow_blank=True, help_text="Empty only where addresses need not be verified")
    password = PasswordField()
    timezone = TextField(max_length=64, required=False, help_text="IANA name")


class RegistrationDocument(UserDocument):
    """What was registered. Where addresses must be verified: only what was sent, alike for a known address."""

    id = serializers.UUIDField(required=False)
    timezone = serializers.CharField(required=False)
    role = serializers.ChoiceField([role.value for role in SiteRole], required=False)
    is_active = serializers.BooleanField(required=False)
    second_factor = serializers.BooleanField(required=False)
    pending_email = serializers.CharField(required=False, allow_null=True)
    created_at = InstantField(required=False)
    version = None  # type: ignore[assignment]  # no ETag: a new account is changed through `me`
    email_verification = serializers.ChoiceField(["none", "sent"])


class TokenFields(StrictSerializer):
    """A new token; `username`, `password` and `otp` of somebody who is not signed in."""

    username = TextField(max_length=254, required=False, help_text="Or the e-mail address")
    password = PasswordField(required=False)
    otp = TextField(max_length=20, required=False, help_text="Code of the authenticator app, or a recovery code")
    name = TextField(max_length=100)
    scopes = serializers.ListField(
        child=TextField(max_length=50), required=False, max_length=20, help_text=", ".join(s.value for s in Scope)
    )
    projects = serializers.ListField(
        child=TextField(max_length=64), required=False, max_length=100, help_text="Ids or keys; none: all"
    )
    expires_at = InstantField(required=False, allow_null=True)


class TokenDocument(serializers.Serializer[Any]):
    """A token as its owner sees it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField([scope.value for scope in Scope]))
    projects = serializers.ListField(child=serializers.UUIDField())
    expires_at = InstantField(allow_null=True)
    last_used_at = InstantField(allow_null=True, help_text="To the hour")
    created_at = InstantField()


class NewTokenDocument(TokenDocument):
    """A token with its secret, which is shown this once."""

    token = serializers.CharField()


class PasswordFields(StrictSerializer):
    """A change of password."""

    current_password = PasswordField()
    new_password = PasswordField()


def token_json(token: ApiToken) -> dict[str, Any]:
    """A token without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "scopes": token.scopes,
        "projects": token.project_ids,
        "expires_at": token.expiry,
        "last_used_at": token.last_used_at,
        "created_at": token.created,
    }


class Registration(Endpoint):
    """`auth/register`"""

    actions = {"POST": Action.PUBLIC}
    keeps_answers = False
    operations = {
        "POST": Operation(
            "register", {201: RegistrationDocument}, summary="Make an account", body=RegistrationFields, located=()
        ),
    }

    def post(self, request: Request) -> Response:
        fields = self.parse(RegistrationFields)
        email = fields["email"]
        user = accounts.register(fields["username"], email, fields["password"], fields.get("timezone", "UTC"))
        sent = "sent" if send_verification(request._request, user, email) else "none"
        known = {"username": fields["username"], "email": email, "email_verification": sent}
        # Where addresses are verified, an answer must not tell whether this one has an account already.
        told = user is not None and settings.TASKFLOW.effective_email_verification != "mandatory"
        shown = {name: value for name, value in user_json(user).items() if name != "version"} if user and told else {}
        return answer({**shown, **known}, status=201)


class TokenList(Endpoint):
    """`auth/tokens`"""

    actions = {"GET": Action.TOKEN_MANAGE, "POST": Action.PUBLIC}
    keeps_answers = False
    operations = {
        "GET": Operation("list_tokens", {200: TokenDocument}, summary="One's own tokens, newest first", paged=True),
        "POST": Operation(
            "create_token",
            {201: NewTokenDocument},
            summary="Make a token; its secret is shown this once",
            body=TokenFields,
            located=(),
        ),
    }

    def get(self, request: Request) -> Response:
        own = tokens.own_tokens(self.actor)
        page = take_page(own, _NEWEST_FIRST, self.query())
        return answer({"results": [token_json(token) for token in page.rows], "next_cursor": page.next_cursor})

    def post(self, request: Request) -> Response:
        fields = self.parse(TokenFields)
        wish = tokens.Wish(
            fields["name"], fields.get("scopes", ()), fields.get("projects", ()), fields.get("expires_at")
        )
        made_with = request.auth if isinstance(request.auth, ApiToken) else None
        if "username" in fields or "password" in fields or self.actor.user_id is None:
            actor, made_with = self._sign_in(fields).as_actor(), None
        else:
            actor = self.actor
        token, secret = tokens.create_token(actor, wish, made_with=made_with)
        return answer({**token_json(token), "token": secret}, status=201, headers={"Cache-Control": "no-store"})

    def _sign_in(self, fields: dict[str, Any]) -> User:
        """The person of a user name and a password, who gave a code where one is needed."""
        missing = [name for name in ("username", "password") if name not in fields]
        if missing:
            raise Invalid.field(missing[0], "required", "Give user name and password, or sign in first.")
        accounts.refuse_without_passwords()
        user = check_sign_in(fields["username"], fields["password"])
        if user is None:
            raise NotAuthenticated("User name or password is wrong.", code="invalid_credentials")
        if has_second_factor(user):
            if not fields.get("otp"):
                raise NotAuthenticated("Give the code of your authenticator app as otp.", code="mfa_required")
            if not check_second_factor(user, fields["otp"]):
                raise NotAuthenticated("The code is wrong or was used already.", code="invalid_otp")
        elif lacks_second_factor(user):
            detail = "A second factor is required here. Sign in at /accounts/login/ and set it up first."
            raise Forbidden(detail, code="mfa_required")
        if lacks_verified_email(user):
            raise Forbidden("Verify your e-mail address first: open the link that was sent.", code="email_unverified")
        return user


class TokenDetail(Endpoint):
    """`auth/tokens/{id}`"""

    actions = {"DELETE": Action.TOKEN_MANAGE}
    operations = {"DELETE": Operation("delete_token", {204: None}, summary="End a token")}

    def delete(self, request: Request, token: UUID) -> Response:
        tokens.delete_token(self.actor, token)
        return Response(status=204)


class CurrentToken(Endpoint):
    """`auth/tokens/current`: whatever its scopes, a token can always end itself."""

    actions = {"DELETE": Action.TOKEN_END}
    operations = {"DELETE": Operation("delete_current_token", {204: None}, summary="End the token that asks")}

    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiToken):
            raise Invalid.field("Authorization", "no_token", "Send the token that is to end as 'Bearer tfp_…'.")
        tokens.end_token(request.auth)
        return Response(status=204)


class PasswordChange(Endpoint):
    """`auth/password`"""

    actions = {"POST": Action.TOKEN_MANAGE}
    keeps_answers = False
    operations = {
        "POST": Operation(
            "change_password",
            {204: None},
            summary="Change the password; other sessions and tokens end",
            body=PasswordFields,
        ),
    }

    def post(self, request: Request) -> Response:
        fields = self.parse(PasswordFields)
        accounts.refuse_without_passwords()
        user = person_of(request)
        if check_sign_in(user.username, fields["current_password"]) is None:
            raise Invalid.field("current_password", "invalid_credentials", "This is not your present password.")
        token = request.auth if isinstance(request.auth, ApiToken) else None
        kept = Kept(token=token.id) if token else Kept(session_key=request._request.session.session_key)
        accounts.set_password(self.actor, user, fields["new_password"], kept=kept, field="new_password")
        if token is None:
            update_session_auth_hash(request._request, user)
        return Response(status=204)
