"""Finding what an actor may see, and checking what it may do there.

What is not visible looks like what does not exist (`NotFound`); what is visible but not allowed is `Forbidden`.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from taskflow.domain.errors import Forbidden, NotFound
from taskflow.domain.permissions import Action, Actor, ProjectRole, allows_project, allows_site
from taskflow.store.models import Membership, Project, Task

_TASK_KEY = re.compile(r"([A-Za-z][A-Za-z0-9]{1,9})-([0-9]{1,9})")


def require_scope(actor: Actor, action: Action) -> None:
    """`Forbidden` (`insufficient_scope`) when the credential is too narrow for `action`."""
    if not actor.has_scope(action):
        raise Forbidden(
            f"This token may not do that ({action.value}). Make one with a wider scope.", code="insufficient_scope"
        )


def require_site(actor: Actor, action: Action) -> None:
    """`Forbidden` unless the actor's site role and scopes allow `action`."""
    require_scope(actor, action)
    if not allows_site(action, actor.site_role):
        raise Forbidden("Your role on this site does not allow that. Ask an administrator.")


def role_in(actor: Actor, project_id: UUID) -> ProjectRole | None:
    """The actor's role in a project, None when it is no member; the operator acts as owner everywhere."""
    if actor.operator:
        return ProjectRole.OWNER
    if actor.user_id is None:
        return None
    role = Membership.objects.filter(project_id=project_id, user_id=actor.user_id).values_list("role", flat=True)
    found = role.first()
    return None if found is None else ProjectRole(found)


def require_project(actor: Actor, project_id: UUID, action: Action) -> None:
    """`NotFound` for a project that is not visible, `Forbidden` unless role and scopes allow `action` there."""
    role = role_in(actor, project_id)
    if role is None or (actor.projects is not None and project_id not in actor.projects):
        raise NotFound
    require_scope(actor, action)
    if not allows_project(action, role):
        raise Forbidden(f"Your role in this project ({role.value}) does not allow that.")


def find_project(actor: Actor, reference: str | UUID, action: Action, *, lock: bool = False) -> Project:
    """The project that an id or a key (present or former, any case) names, if the actor may do `action` with it.

    `lock` holds the row until the transaction ends, as in `find_task`: for changes of the project, its members and its
    labels.
    """
    visible = Project.objects.visible_to(actor)
    identifier = _as_uuid(reference)
    if identifier is not None:
        project = visible.filter(pk=identifier).first()
    else:
        key = str(reference).upper()
        project = visible.filter(Q(key=key) | Q(former_keys__key=key)).distinct().first()
    if project is None:
        raise NotFound
    if lock:
        project = lock_project(project.pk)
    require_project(actor, project.pk, action)
    return project


def lock_project(project_id: UUID) -> Project:
    """The project as it is committed now, its row held until the transaction ends; `NotFound` when it is gone.

    The weaker lock lets others refer to the row meanwhile: new tasks and members of it do not wait.
    """
    project = Project.objects.select_for_update(no_key=True).filter(pk=project_id).first()
    if project is None:
        raise NotFound
    return project


def find_task(actor: Actor, reference: str | UUID, action: Action, *, lock: bool = False) -> Task:
    """The task that an id or a key (present or former, any case) names, with its project.

    `lock` holds the row until the transaction ends (PostgreSQL; on SQLite the transaction itself excludes others).
    """
    tasks = Task.objects.visible_to(actor).select_related("project")
    if lock:
        tasks = tasks.select_for_update(of=("self",), no_key=True)
    identifier = _as_uuid(reference) or _id_of_key(actor, str(reference))
    task = None if identifier is None else tasks.filter(pk=identifier).first()
    if task is None:
        raise NotFound
    require_project(actor, task.project_id, action)
    return task


def lock_tasks(task_ids: Iterable[UUID]) -> None:
    """Holds the rows of tasks until the transaction ends: what is read of them afterwards is what is committed.

    A task's row stands for its suggestions too: whoever changes one of those holds it.
    """
    held = Task.objects.select_for_update(no_key=True).filter(pk__in=list(task_ids)).order_by("pk")
    list(held.values_list("pk", flat=True))


def _id_of_key(actor: Actor, key: str) -> UUID | None:
    match = _TASK_KEY.fullmatch(key)
    if match is None:
        return None
    prefix, number = match[1].upper(), int(match[2])
    named = Q(project__key=prefix) | Q(project__former_keys__key=prefix)
    visible = Task.objects.visible_to(actor)
    current = visible.filter(named, number=number).values_list("pk", flat=True).first()
    if current is not None:
        return current
    moved = Q(former_keys__project__key=prefix) | Q(former_keys__project__former_keys__key=prefix)
    return visible.filter(moved, former_keys__number=number).values_list("pk", flat=True).first()


def _as_uuid(reference: str | UUID) -> UUID | None:
    if isinstance(reference, UUID):
        return reference
    try:
        return UUID(reference)
    except ValueError:
        return None
