"""References in a body: what is not visible there is an error of the field that names it."""

from uuid import UUID

from taskflow.application.access import find_project, find_task
from taskflow.domain.errors import Invalid, NotFound
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Project, Task


def named_project(field: str, actor: Actor, reference: str | UUID, action: Action) -> Project:
    """The project that `field` names; `Invalid` (`not_found`) when the actor sees no such project."""
    try:
        return find_project(actor, reference, action)
    except NotFound as error:
        raise unknown(field, "project", reference) from error


def named_task(field: str, actor: Actor, reference: str | UUID, action: Action, *, lock: bool = False) -> Task:
    """The task that `field` names, held as by `find_task`; `Invalid` (`not_found`) when the actor sees no such task."""
    try:
        return find_task(actor, reference, action, lock=lock)
    except NotFound as error:
        raise unknown(field, "task", reference) from error


def unknown(field: str, kind: str, reference: str | UUID) -> Invalid:
    """The error of `field` when the actor sees no such thing."""
    return Invalid.field(field, "not_found", f"There is no {kind} {str(reference)[:100]!r} that you can see.")
