"""Saved filters: whose they are, and what they say."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from taskflow.application import saved_filters
from taskflow.domain.filters.tokens import LONGEST_FILTER
from taskflow.domain.permissions import Actor
from taskflow.interfaces.admin.base import EditablePage, TextInput, UseCaseForm, Values, column
from taskflow.interfaces.admin.display import moment
from taskflow.interfaces.admin.filters import AutocompleteSelectFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import SavedFilter


class FilterForm(UseCaseForm):
    """A saved filter."""

    # In one line, and not trimmed: errors name a position in it.
    expression = forms.CharField(
        max_length=LONGEST_FILTER,
        strip=False,
        widget=TextInput,
        help_text="For instance: priority >= high and due <= today+7d",
    )
    ordering = forms.CharField(
        max_length=200, required=False, widget=TextInput, help_text="For instance: -priority,due. Empty: newest first"
    )


@admin.register(SavedFilter, site=site)
class FilterPage(EditablePage):
    """The filters that people keep. They are a person's own in the use cases: the operator acts in their stead."""

    form = FilterForm
    list_display = ("name", "owner", "expression", "ordering", "created")
    list_filter = (("owner", AutocompleteSelectFilter),)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    search_help_text = "Name of the filter or of its owner"
    ordering = ("-id",)
    autocomplete_fields = ("owner",)
    fields = ("owner", "name", "expression", "ordering")

    @column("Created", order="id")
    def created(self, row: SavedFilter) -> Any:
        return moment(row.created_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("owner",)

    def create(self, actor: Actor, values: Values) -> SavedFilter:
        owner = values["owner"].as_actor()
        return saved_filters.create_filter(owner, {name: values[name] for name in ("name", "expression", "ordering")})

    def update(self, actor: Actor, row: Any, values: Values, version: int | None) -> SavedFilter:
        return saved_filters.update_filter(row.owner.as_actor(), row.pk, values, version=version)

    def remove(self, actor: Actor, row: Any) -> None:
        saved_filters.delete_filter(row.owner.as_actor(), row.pk)
