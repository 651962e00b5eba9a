"""Quick add: a task from one line of text, for every door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

from taskflow.application import ports
from taskflow.application.projects import inbox
from taskflow.application.references import named_project
from taskflow.application.tasks import create_task
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Action, Actor
from taskflow.domain.quick_add import Match, fold_reference, index_projects, parse_quick_add, writes_month_first
from taskflow.domain.zones import load_zone
from taskflow.store.models import Membership, Project, ProjectKeyAlias, Task

LONGEST_TITLE = 500
MOST_NAMES = 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says: the fields of `create_task`, and the stretches that said so."""

    fields: Mapping[str, Any]
    matches: tuple[Match, ...]


class _Undo(Exception):
    """Takes back what was done to be looked at."""


def quick_add(actor: Actor, text: str, *, project: str | None = None) -> tuple[Task, tuple[Match, ...]]:
    """A new task from `text`, in the project that the text names, else in `project`, else in the inbox.

    `Invalid` names `text` where it leaves no title or too long a one; otherwise all that `create_task` raises.
    """
    reading = read_text(actor, text, project=project)
    return create_task(actor, reading.fields), reading.matches


def rehearse_quick_add(
    actor: Actor, text: str, show: Callable[[Task], T], *, project: str | None = None
) -> tuple[T, tuple[Match, ...]]:
    """What `show` makes of the task that `quick_add` would make. Nothing is kept; it raises the same errors."""
    shown: list[T] = []
    reading = read_text(actor, text, project=project)
    try:
        with transaction.atomic():
            shown.append(show(create_task(actor, reading.fields)))
            raise _Undo
    except _Undo:
        return shown[0], reading.matches


def read_text(actor: Actor, text: str, *, project: str | None = None) -> Reading:
    """What `text` means to `actor` now, in their own time zone and among the projects that they see."""
    given = None if project is None else named_project("project", actor, project, Action.TASK_READ)
    parsed = parse_quick_add(
        text,
        now=ports.now(),
        zone=load_zone(actor.timezone),
        projects=_visible_projects(actor) if "#" in text else {},
        members=lambda reference: _members_of(actor, reference, given) if "/" in text else {},
        month_first=writes_month_first(actor.timezone),
    )
    if not parsed.title:
        raise Invalid.field("text", "no_title", "Nothing is left for a title. Say in a few words what is to be done.")
    if len(parsed.title) > LONGEST_TITLE:
        detail = f"The title would have {len(parsed.title)} characters. Shorten it to {LONGEST_TITLE}."
        raise Invalid.field("text", "max_length", detail)
    for name in ("labels", "assignees"):
        if len(parsed.fields.get(name, ())) > MOST_NAMES:
            raise Invalid.field("text", "too_many", f"Give at most {MOST_NAMES} {name}.")
    fields = {"title": parsed.title, **parsed.fields}
    if given is not None:
        fields.setdefault("project", given.pk)
    return Reading(fields, parsed.matches)


def _visible_projects(actor: Actor) -> Mapping[str, str]:
    """Open projects come before archived ones of the same name, and older ones before newer ones."""
    visible = Project.objects.visible_to(actor)
    rows = [
        (name, key, str(pk))
        for pk, name, key in visible.order_by("archived", "created_at", "id").values_list("id", "name", "key")
    ]
    former = ProjectKeyAlias.objects.filter(project__in=visible.values("pk")).values_list("key", "project_id")
    return index_projects([*rows, *((key, key, str(pk)) for key, pk in former)])


def _members_of(actor: Actor, reference: str | None, given: Project | None) -> Mapping[str, str]:
    if reference is not None:
        project_id = UUID(reference)
    elif given is not None:
        project_id = given.pk
    else:
        project_id = inbox(actor.person).pk
    usernames = Membership.objects.filter(project_id=project_id, user__is_active=True).values_list(
        "user__username", flat=True
    )
    people = {fold_reference(username): username for username in usernames}
    if actor.username in people.values():
        people.setdefault("me", actor.username)
    return people
