"""People: making accounts, roles, deactivation, passwords. Managers see this page and no other."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from taskflow.application import accounts
from taskflow.application.credentials import Kept
from taskflow.domain.permissions import Actor, SiteRole
from taskflow.interfaces.admin.base import EditablePage, PasswordInput, UseCaseForm, Values, actor_of, column
from taskflow.interfaces.admin.display import ROLE_TONES, moment
from taskflow.interfaces.admin.filters import BooleanRadioFilter, ChoicesDropdownFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import User


class UserForm(UseCaseForm):
    """An account, and a password to give it."""

    new_password = forms.CharField(
        required=False,
        strip=False,
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=(
            "Empty leaves things as they are; a new account then has no password until a sign-in link was used "
            "(taskflow user reset-link). A new password ends the person's other sessions and tokens."
        ),
    )


@admin.register(User, site=site)
class UserPage(EditablePage):
    """Accounts."""

    form = UserForm
    list_display = ("username", "email", "role_badge", "is_active", "timezone", "created", "signed_in")
    list_filter = (("role", ChoicesDropdownFilter), ("is_active", BooleanRadioFilter))
    search_fields = ("username", "email")
    search_help_text = "User name or e-mail address"
    ordering = ("-id",)
    readonly_fields = ("created_at", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "email", "timezone", "role", "is_active")}),
        ("Password", {"fields": ("new_password",)}),
        ("Times", {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "email", "timezone", "role")}),
        ("Password", {"fields": ("new_password",)}),
    )

    @column("Role", order="role", tones=ROLE_TONES)
    def role_badge(self, user: User) -> str:
        return user.role

    @column("Created", order="id")
    def created(self, user: User) -> Any:
        return moment(user.created_at)

    @column("Signed in", order="last_login")
    def signed_in(self, user: User) -> Any:
        return moment(user.last_login)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "role" and field is not None:
            own = cast(User, request.user).site_role
            field.choices = [(role.value, role.value) for role in SiteRole if role.rank <= own.rank]
        return field

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody changes an account whose role is above their own; they see it."""
        above = obj is not None and obj.site_role.rank > cast(User, request.user).site_role.rank
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Accounts are deactivated here: what people did stays theirs."""
        return False

    def create(self, actor: Actor, values: Values) -> User:
        return accounts.create_user(
            actor,
            username=values["username"],
            email=values["email"],
            password=values["new_password"] or None,
            role=SiteRole(values["role"]),
            timezone=values["timezone"],
        )

    def update(self, actor: Actor, row: Any, values: Values, version: int | None) -> User:
        fields = {name: value for name, value in values.items() if name != "new_password"}
        return accounts.update_user(actor, User.objects.get(pk=row.pk), fields, version=version)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        password = form.cleaned_data["new_password"]
        if not change or not password:
            return
        own = obj.pk == request.user.pk
        kept = Kept(session_key=request.session.session_key) if own else None
        accounts.set_password(actor_of(request), obj, password, kept=kept, field="new_password")
        if own:
            update_session_auth_hash(request, obj)
