"""API tokens: whose, how wide, how long; they can be revoked. A token's digest, its primary key, is never shown."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from taskflow.application import ports, tokens
from taskflow.domain.permissions import Actor
from taskflow.interfaces.admin.base import EditablePage, column
from taskflow.interfaces.admin.display import moment
from taskflow.interfaces.admin.filters import AutocompleteSelectFilter, RangeDateTimeFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import ApiToken, Project


@admin.register(ApiToken, site=site)
class TokenPage(EditablePage):
    """Tokens, named outside by their UUID."""

    list_display = (
        "name",
        "user",
        "state_badge",
        "scope_names",
        "reach",
        "made",
        "ends",
        "used",
        "revoke",
    )
    list_display_links = ("name",)
    list_filter = (("user", AutocompleteSelectFilter), ("created", RangeDateTimeFilter))
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    search_help_text = "Name of the token or of its user"
    ordering = ("-id",)
    actions = None
    fields = ("name", "user", "state_badge", "scope_names", "reach", "created", "expiry", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A token is made by the person it belongs to, who alone sees it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        token = super().get_object(request, object_id, from_field or "id")
        if token is not None:
            self.complete_rows([token])
        return token

    def complete_rows(self, rows: Sequence[Any]) -> None:
        wanted = {project for token in rows for project in token.project_ids}
        keys = {str(pk): key for pk, key in Project.objects.filter(pk__in=wanted).values_list("pk", "key")}
        for token in rows:
            # Templates and the admin's log name rows by their primary key; from here on that is the UUID.
            token.digest = str(token.id)
            token.project_keys = sorted(keys.get(pk, "(deleted)") for pk in token.project_ids)

    @column("State", tones={"live": "success", "expired": "warning"})
    def state_badge(self, token: ApiToken) -> str:
        return "expired" if token.expiry is not None and token.expiry <= ports.now() else "live"

    @column("Scopes")
    def scope_names(self, token: ApiToken) -> str:
        return ", ".join(token.scopes) or "all that the person may do"

    @column("Projects")
    def reach(self, token: Any) -> str:
        return ", ".join(token.project_keys) or "all of theirs"

    @column("Created", order="id")
    def made(self, token: ApiToken) -> Any:
        return moment(token.created)

    @column("Ends", order="expiry")
    def ends(self, token: ApiToken) -> Any:
        return "never" if token.expiry is None else moment(token.expiry)

    @column("Used", order="last_used_at")
    def used(self, token: ApiToken) -> Any:
        return "never" if token.last_used_at is None else moment(token.last_used_at)

    @column("Revoke")
    def revoke(self, token: ApiToken) -> Any:
        address = reverse("admin:store_apitoken_delete", args=(token.pk,))
        return format_html('<a class="tf-link" href="{}">Revoke</a>', address)

    def remove(self, actor: Actor, row: Any) -> None:
        # Tokens are a person's own in the use cases; this page lets the operator end anybody's in their stead.
        tokens.delete_token(row.user.as_actor(), row.id)
