"""Filters of the lists: drop-downs and text, none of which lists a whole table."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from taskflow.application import ports
from taskflow.domain.events import EventType
from taskflow.domain.text import words
from taskflow.store.models import Job, Project, User
from taskflow.store.models.projects import ProjectKeyAlias
from taskflow.store.models.tasks import OPEN_STATUSES
from taskflow.store.search import with_words

if TYPE_CHECKING:
    from django.contrib.admin import FieldListFilter, SimpleListFilter

    class DropdownFilter(SimpleListFilter):
        """Unfold's, as far as it is used here."""

    class TextFilter(SimpleListFilter):
        """Unfold's, as far as it is used here."""

    class BooleanRadioFilter(FieldListFilter):
        """Unfold's, as far as it is used here."""

    class RangeDateTimeFilter(FieldListFilter):
        """Unfold's, as far as it is used here."""

    AutocompleteSelectFilter = ChoicesDropdownFilter = FieldListFilter
else:
    from unfold.contrib.filters.admin import (
        AutocompleteSelectFilter,
        BooleanRadioFilter,
        ChoicesDropdownFilter,
        DropdownFilter,
        RangeDateTimeFilter,
        TextFilter,
    )

__all__ = [
    "ActorFilter",
    "AutocompleteSelectFilter",
    "BooleanRadioFilter",
    "ChoicesDropdownFilter",
    "DueFilter",
    "EventProjectFilter",
    "EventTypeFilter",
    "InboxFilter",
    "JobKindFilter",
    "RangeDateTimeFilter",
    "TrashFilter",
    "by_words",
]

Choices = Sequence[tuple[str, str]]

#: Words beyond these narrow nothing that a person could tell from the list.
MOST_WORDS = 20


def by_words(rows: QuerySet[Any], task: str, text: str) -> QuerySet[Any]:
    """The rows whose task (the field `task` holds its key) has every word of `text`, as a prefix, without case and
    accents."""
    wanted = words(text)[:MOST_WORDS]
    return with_words(rows, wanted, task) if wanted else rows


class TrashFilter(DropdownFilter):
    """Tasks in the trash are left out unless they are asked for."""

    title = "trash"
    parameter_name = "trash"
    all_option: ClassVar = ["", "Not in the trash"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return (("in", "In the trash"), ("any", "Either"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "any":
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() != "in")


class DueFilter(DropdownFilter):
    """When open tasks are due."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return (("overdue", "Overdue"), ("week", "In the next 7 days"), ("none", "Not dated"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = ports.now()
        conditions = {
            "overdue": Q(due_sort__lt=now),
            "week": Q(due_sort__gte=now, due_sort__lt=now + timedelta(days=7)),
            "none": Q(due_sort=None),
        }
        wanted = conditions.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(wanted, status__in=OPEN_STATUSES)


class InboxFilter(DropdownFilter):
    """Inboxes are left out unless they are asked for: everybody has one."""

    title = "inboxes"
    parameter_name = "inbox"
    all_option: ClassVar = ["", "Projects and inboxes"]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return (("no", "Projects only"), ("yes", "Inboxes only"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(inbox_of__isnull=self.value() == "no")


class JobKindFilter(DropdownFilter):
    """The kinds of job that the ledger holds."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        kinds = Job.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind) for kind in kinds]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class EventTypeFilter(DropdownFilter):
    """What happened."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(kind.value, kind.value.removeprefix("taskflow.")) for kind in EventType]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class EventProjectFilter(TextFilter):
    """The stream of one project, named by its key, by a former one, or by its id when it is gone."""

    title = "project key"
    parameter_name = "project"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        text = (self.value() or "").strip()
        if not text:
            return queryset
        return queryset.filter(stream__project_id__in=_ids(text, _projects_of_key))


class ActorFilter(TextFilter):
    """Who did it: a user name in any case; of accounts that are gone, the name they had."""

    title = "user name"
    parameter_name = "actor"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = (self.value() or "").strip()
        if not name:
            return queryset
        user = User.objects.named(name).values_list("pk", flat=True).first()
        if user is not None:
            # The foreign key is indexed, the name is not.
            return queryset.filter(actor_id=user)
        return queryset.filter(actor=None, actor_name__iexact=name)


def _projects_of_key(key: str) -> list[UUID]:
    found = list(Project.objects.filter(key=key.upper()).values_list("pk", flat=True))
    return found or list(ProjectKeyAlias.objects.filter(key=key.upper()).values_list("project_id", flat=True))


def _ids(text: str, resolve: Callable[[str], list[UUID]]) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return resolve(text)
