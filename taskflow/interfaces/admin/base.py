"""What every page of the admin is built on: Unfold's look, bounded lists, and writing through use cases alone.

A page is read-only unless it is an `EditablePage`. That one never saves a model: it hands the form's values to its
`create`, `update` and `remove`, which call use cases. What a use case refuses (`TaskFlowError`) undoes the whole
request and comes back as an error on the form, or as a message.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property

from taskflow.domain.errors import Invalid, TaskFlowError
from taskflow.domain.permissions import Actor
from taskflow.store.models import User

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.contrib.admin.views.main import ChangeList
    from django.forms import CheckboxInput, NumberInput, PasswordInput, Select, Textarea, TextInput

    Checkbox = CheckboxInput
    Switch = CheckboxInput
    _ModelAdmin = ModelAdmin[Any]
    _TabularInline = TabularInline[Any, Any]
else:
    from unfold.admin import ModelAdmin as _ModelAdmin
    from unfold.admin import TabularInline as _TabularInline
    from unfold.views import ChangeList
    from unfold.widgets import UnfoldAdminIntegerFieldWidget as NumberInput
    from unfold.widgets import UnfoldAdminPasswordWidget as PasswordInput
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
    from unfold.widgets import UnfoldBooleanSwitchWidget as Switch
    from unfold.widgets import UnfoldBooleanWidget as Checkbox

__all__ = [
    "AdminPage",
    "Checkbox",
    "EditablePage",
    "InlineTable",
    "NumberInput",
    "PasswordInput",
    "Select",
    "Switch",
    "TextInput",
    "Textarea",
    "UseCaseForm",
    "Values",
    "actor_of",
    "column",
    "explain",
]

Values = Mapping[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])

#: How many rows a list counts and pages through at most; narrowing it finds the rest.
MOST_COUNTED = 10_000


def actor_of(request: HttpRequest) -> Actor:
    """Who acts on these pages: a site administrator with the operator's sight, a manager as they are."""
    user = cast(User, request.user)
    actor = user.as_actor()
    return replace(actor, operator=True) if user.is_superuser else actor


def column(
    title: str, *, order: str | None = None, tones: Mapping[str, str] | None = None, yes_no: bool = False
) -> Callable[[Function], Function]:
    """Marks a page's method as a column or a read-only field.

    `tones` shows the value as a badge: value → `info`, `success`, `warning`, `danger` or `primary`; others are grey.
    """

    def mark(function: Function) -> Function:
        # Django's decorator takes either `boolean` or `empty_value`, not both.
        decorated = admin.display(function, description=title, ordering=order, boolean=True if yes_no else None)
        if tones is not None:
            decorated.label = dict(tones)  # type: ignore[attr-defined]
        return decorated

    return mark


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than `MOST_COUNTED`: a log of millions costs a list no more than one of thousands."""

    template_name = "admin/bounded_pagination.html"

    @cached_property
    def count(self) -> int:
        return cast(QuerySet[Any], self.object_list).order_by()[:MOST_COUNTED].count()

    @property
    def is_cut(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count >= MOST_COUNTED


class PageList(ChangeList):
    """A list whose page may add what a join cannot give, for all rows that are shown in one query."""

    model_admin: "AdminPage"

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            # Unfiltered, the list is whole: there is no "show all" to offer, and nothing to count for it.
            self.full_result_count = self.result_count
        rows = list(self.result_list)
        self.model_admin.complete_rows(rows)
        self.result_list = rows

    def url_for_result(self, result: Model) -> str:
        return self.model_admin.url_of(result)


def _leave_to_use_case(exclude: Any = None) -> None:
    """Stands for a model's own check of its constraints."""


class UseCaseForm(forms.ModelForm):  # type: ignore[type-arg] # Django's own class takes no parameters at run time
    """A model's form that reports what a use case refused, and knows which version of the row it was filled from."""

    refusal: ClassVar[TaskFlowError | None] = None

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the database's constraints say is of use to nobody; the use case names the field and the remedy.
        self.instance.validate_constraints = _leave_to_use_case
        if not self.instance._state.adding:
            self.fields["seen_version"].initial = getattr(self.instance, "version", None)

    def validate_unique(self) -> None:
        """Left to the use case, which says what to do about it."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal is not None:
            for field, detail in explain(self.refusal):
                known = field in self.fields
                self.add_error(field if known else None, detail if known or not field else f"{field}: {detail}")
        return cleaned


def explain(error: TaskFlowError) -> list[tuple[str | None, str]]:
    """What to tell a person of a refusal: the field it is about, if it is about one, and the remedy."""
    if isinstance(error, Invalid):
        return [(problem.field, problem.detail) for problem in error.errors]
    return [(None, error.detail)]


class AdminPage(_ModelAdmin):
    """A read-only page with a list that stays quick, whatever the table's size."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = True
    actions: Sequence[Any] | None = None
    #: "All of them" would reach rows that nobody has looked at.
    list_disable_select_all = True
    compressed_fields = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def complete_rows(self, rows: Sequence[Any]) -> None:
        """Adds to the rows of one list page what their query did not bring; nothing by default."""

    def url_of(self, row: Any) -> str:
        """Where a row's own page is."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=(row.pk,))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PageList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list. An action is one transaction: what a use case refuses undoes all of it and becomes a message."""
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except TaskFlowError as error:
            self.tell(request, error)
            return HttpResponseRedirect(request.get_full_path())

    def tell(self, request: HttpRequest, error: TaskFlowError) -> None:
        """Shows a refusal at the top of the next page."""
        for field, detail in explain(error):
            self.message_user(request, f"{field}: {detail}" if field else detail, messages.ERROR)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        raise PermissionDenied

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise PermissionDenied

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        raise PermissionDenied


class EditablePage(AdminPage):
    """A page that writes, through the use cases that its three methods call."""

    form = UseCaseForm
    warn_unsaved_form = True
    delete_confirmation_template = "admin/confirm_deletion.html"
    delete_selected_confirmation_template = "admin/confirm_deletions.html"

    def create(self, actor: Actor, values: Values) -> Model:
        """Makes a row of the form's `values`; the row."""
        raise NotImplementedError

    def update(self, actor: Actor, row: Any, values: Values, version: int | None) -> Model:
        """Gives `row` the `values` that the form changed, if its version is still `version`; the row."""
        raise NotImplementedError

    def remove(self, actor: Actor, row: Any) -> None:
        """Deletes `row`."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _ModelAdmin.has_change_permission(self, request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _ModelAdmin.has_delete_permission(self, request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page's fieldsets with the hidden version in the first of them."""
        fieldsets = [(name, dict(options)) for name, options in cast(Any, super().get_fieldsets(request, obj))]
        if obj is not None and self.has_change_permission(request, obj):
            shown = [name for name in fieldsets[0][1]["fields"] if name != "seen_version"]
            fieldsets[0][1]["fields"] = [*shown, "seen_version"]
        return fieldsets

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form. What a use case refused is undone, and the same form comes back with the reason on it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except TaskFlowError as error:
            request.refusal = error  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Calls the use case with what the form says; `obj` then is as stored."""
        actor = actor_of(request)
        cleaned = form.cleaned_data
        if change:
            values = {name: cleaned[name] for name in form.changed_data if name != "seen_version"}
            saved = self.update(actor, obj, values, cleaned.get("seen_version"))
        else:
            saved = self.create(actor, {name: value for name, value in cleaned.items() if name != "seen_version"})
        obj.pk = saved.pk
        obj.refresh_from_db()

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Inlines only: a use case has written the row's own relations already."""
        for formset in formsets:
            self.save_formset(request, form, formset, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        # Without a commit Django only sorts the rows into new, changed and deleted ones.
        formset.save(commit=False)
        self.save_inline(actor_of(request), form.instance, formset)

    def save_inline(self, actor: Actor, row: Any, formset: Any) -> None:
        """Writes an inline's rows through use cases; for pages that have one."""
        raise NotImplementedError

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[str, int], set[str], Any]:
        """What a deletion takes along, in words and numbers; Django would load every row that hangs on it."""
        rows = list(objs)
        return [str(row) for row in rows], self.count_deleted(rows), set(), []

    def count_deleted(self, rows: Sequence[Any]) -> dict[str, int]:
        """How many rows of what kind deleting `rows` deletes."""
        return {str(self.opts.verbose_name_plural): len(rows)}

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Deleting, confirmed. What a use case refuses becomes a message on the row's own page."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except TaskFlowError as error:
            self.tell(request, error)
            change = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(change, args=(object_id,)))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(actor_of(request), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        actor = actor_of(request)
        for row in queryset:
            self.remove(actor, row)


class InlineTable(_TabularInline):
    """Rows of another table on a page that writes them through its `save_inline`."""

    extra = 0
    hide_title = True
