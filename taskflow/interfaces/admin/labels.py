"""Labels of projects."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from taskflow.application import labels
from taskflow.domain.permissions import Actor
from taskflow.interfaces.admin.base import EditablePage, TextInput, UseCaseForm, Values, column
from taskflow.interfaces.admin.display import moment
from taskflow.interfaces.admin.filters import AutocompleteSelectFilter
from taskflow.interfaces.admin.site import site
from taskflow.store.models import Label

COLOR = forms.RegexField(
    r"^(#[0-9a-fA-F]{6})?\Z",
    required=False,
    widget=TextInput,
    help_text="#rrggbb, or empty",
    error_messages={"invalid": "Give a colour as #rrggbb, or nothing."},
)


class LabelForm(UseCaseForm):
    """A label."""

    color = COLOR


@admin.register(Label, site=site)
class LabelPage(EditablePage):
    """The words that tasks are marked with."""

    form = LabelForm
    list_display = ("name", "project", "color", "created")
    list_filter = (("project", AutocompleteSelectFilter),)
    list_select_related = ("project",)
    search_fields = ("name", "project__key")
    search_help_text = "Label, or key of a project"
    ordering = ("-id",)
    autocomplete_fields = ("project",)
    fields = ("project", "name", "color")

    @column("Created", order="id")
    def created(self, label: Label) -> Any:
        return moment(label.created_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("project",)

    def create(self, actor: Actor, values: Values) -> Label:
        return labels.create_label(actor, values["project"].pk, values["name"], values["color"])

    def update(self, actor: Actor, row: Any, values: Values, version: int | None) -> Label:
        return labels.update_label(actor, row.pk, values, version=version)

    def remove(self, actor: Actor, row: Any) -> None:
        labels.delete_label(actor, row.pk)
