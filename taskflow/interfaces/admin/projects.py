"""Projects, who is in them, and what they are set to."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpRequest

from taskflow.application import members, project_removal, projects
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Actor, ProjectRole
from taskflow.domain.priority import Priority
from taskflow.domain.urgency_weights import parse_weights
from taskflow.interfaces.admin.base import EditablePage, InlineTable, TextInput, UseCaseForm, Values, column
from taskflow.interfaces.admin.display import NOTHING, PRIORITY_TONES, list_link, moment
from taskflow.interfaces.admin.filters import BooleanRadioFilter, ChoicesDropdownFilter, InboxFilter
from taskflow.interfaces.admin.labels import COLOR
from taskflow.interfaces.admin.site import site
from taskflow.store.models import Membership, Project, Task
from taskflow.store.models.tasks import OPEN_STATUSES


class ProjectForm(UseCaseForm):
    """A project's settings."""

    key = forms.RegexField(
        r"^[A-Za-z][A-Za-z0-9]{1,9}\Z",
        required=False,
        widget=TextInput,
        help_text="2 to 10 letters and digits, a letter first; empty: made from the name. Former keys keep working.",
        error_messages={"invalid": "Use 2 to 10 letters and digits, a letter first."},
    )
    color = COLOR

    def clean_key(self) -> str:
        # An empty key on an existing project would derive a new one: keep what is there.
        return str(self.cleaned_data["key"] or self.instance.key).upper()

    def clean_urgency_weights(self) -> dict[str, Any]:
        try:
            weights = parse_weights(self.cleaned_data["urgency_weights"] or {})
        except Invalid as error:
            raise forms.ValidationError([f"{problem.field}: {problem.detail}" for problem in error.errors]) from error
        return weights.model_dump(exclude_unset=True)


class MemberForm(forms.ModelForm):  # type: ignore[type-arg] # Django's own class takes no parameters at run time
    """One row of the members; the name of a row that exists cannot be changed."""

    username = forms.CharField(max_length=64, label="User name", widget=TextInput)

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The table's heads are no labels of its fields.
        for name in ("username", "role"):
            self.fields[name].widget.attrs["aria-label"] = self.fields[name].label
        if self.instance.pk is not None:
            self.fields["username"].initial = self.instance.user.username
            self.fields["username"].disabled = True


class MembersInline(InlineTable):
    """Who is in the project."""

    model = Membership
    form = MemberForm
    fields = ("username", "role")
    verbose_name = "member"
    verbose_name_plural = "members"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user").order_by("created_at", "pk")


@admin.register(Project, site=site)
class ProjectPage(EditablePage):
    """Projects and inboxes."""

    form = ProjectForm
    inlines = (MembersInline,)
    list_display = ("name", "key", "owners", "member_count", "open_tasks", "default_level", "archived", "created")
    list_filter = (
        InboxFilter,
        ("archived", BooleanRadioFilter),
        ("auto_suggest", ChoicesDropdownFilter),
    )
    search_fields = ("name", "key", "former_keys__key")
    search_help_text = "Name or key, present or former"
    ordering = ("-id",)
    readonly_fields = ("events", "created_by", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("name", "key", "description", "color", "archived")}),
        (
            "Priorities",
            {
                "fields": (
                    "default_priority",
                    "auto_suggest",
                    "auto_apply_confidence",
                    "remote_models_allowed",
                    "urgency_weights",
                )
            },
        ),
        ("History", {"fields": ("events", "created_by", "created_at", "updated_at")}),
    )

    def complete_rows(self, rows: Sequence[Any]) -> None:
        ids = [project.pk for project in rows]
        owners: dict[Any, list[str]] = {}
        for project, name in Membership.objects.filter(project__in=ids, role=ProjectRole.OWNER).values_list(
            "project_id", "user__username"
        ):
            owners.setdefault(project, []).append(name)
        count = Count("pk")
        sizes = dict(Membership.objects.filter(project__in=ids).values_list("project_id").annotate(count))
        still_open = Q(status__in=OPEN_STATUSES, deleted_at=None)
        loads = dict(Task.objects.filter(still_open, project__in=ids).values_list("project_id").annotate(count))
        for project in rows:
            project.owner_names = sorted(owners.get(project.pk, []))
            project.size = sizes.get(project.pk, 0)
            project.load = loads.get(project.pk, 0)

    @column("Created", order="id")
    def created(self, project: Project) -> Any:
        return moment(project.created_at)

    @column("Owners")
    def owners(self, project: Any) -> str:
        return ", ".join(project.owner_names) or NOTHING

    @column("Members")
    def member_count(self, project: Any) -> int:
        return cast(int, project.size)

    @column("Open tasks")
    def open_tasks(self, project: Any) -> int:
        return cast(int, project.load)

    @column("Events")
    def events(self, project: Project) -> Any:
        return list_link("event", f"What happened in {project.key}", project=project.key) if project.key else NOTHING

    @column("Default priority", order="default_priority", tones=PRIORITY_TONES)
    def default_level(self, project: Project) -> str:
        return project.get_default_priority_display()

    def create(self, actor: Actor, values: Values) -> Project:
        return projects.create_project(actor, _fields(values))

    def update(self, actor: Actor, row: Any, values: Values, version: int | None) -> Project:
        fields = _fields(values)
        # Archiving has a rule of its own: an inbox cannot be.
        archive = fields.pop("archived", None) is True
        if "archived" in values and not archive:
            fields["archived"] = False
        project = projects.update_project(actor, row.pk, fields, version=version)
        return projects.archive_project(actor, row.pk) if archive else project

    def save_inline(self, actor: Actor, row: Any, formset: Any) -> None:
        """New members, then promotions, then demotions, then departures: a new owner may replace the last one."""
        for membership in formset.new_objects:
            name = next(form.cleaned_data["username"] for form in formset.extra_forms if form.instance is membership)
            role = ProjectRole(membership.role)
            # Whoever makes a project is its owner already.
            same = Membership.objects.filter(project=row, user__username__iexact=name, role=role).first()
            membership.user = (same or members.add_member(actor, row.pk, name, role)).user
        changed = [membership for membership, _ in formset.changed_objects]
        for membership in sorted(changed, key=lambda changed: -ProjectRole(changed.role).rank):
            members.change_role(actor, row.pk, membership.user.username, ProjectRole(membership.role))
        for membership in formset.deleted_objects:
            members.remove_member(actor, row.pk, membership.user.username)

    def remove(self, actor: Actor, row: Any) -> None:
        project_removal.delete_project(actor, row.pk)

    def count_deleted(self, rows: Sequence[Any]) -> dict[str, int]:
        tasks = Task.objects.filter(project__in=rows).count()
        return dict(Counter({"projects": len(rows), "tasks in them, for good": tasks}))


def _fields(values: Values) -> dict[str, Any]:
    """The form's values in the use cases' form: priorities by name, no key where there is none."""
    fields = {name: value for name, value in values.items() if name != "key" or value}
    if "default_priority" in fields:
        fields["default_priority"] = Priority.from_rank(fields["default_priority"]).value
    return fields
