"""Finding what an actor may see, and checking what it may do there.

What is not visible looks like what does not exist (`NotFound`); what is visible but not allowed is `Forbidden`.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from taskflow.domain.errors import Forbidden, NotFound
from taskflow.domain.permissions import TABLE, Action, Actor, ProjectRole, allows_project, allows_site
from taskflow.store.held import hold_linked, read_project, read_task
from taskflow.store.models import Membership, Project, Task
from taskflow.store.projects import named_projects
from taskflow.store.sql import FALSE
from taskflow.store.task_names import formerly_named_task, named_task


def require_scope(actor: Actor, action: Action) -> None:
    """`Forbidden` (`insufficient_scope`) when the credential is too narrow for `action`."""
    if not actor.has_scope(action):
        limited = TABLE[action].everywhere and actor.projects is not None
        remedy = "Use one that is not limited to projects." if limited else "Make one with a wider scope."
        raise Forbidden(f"This token may not do that ({action.value}). {remedy}", code="insufficient_scope")


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
    require_role(actor, role, action)


def require_role(actor: Actor, role: ProjectRole, action: Action) -> None:
    """`Forbidden` unless this role in a project, and the actor's scopes, allow `action` there."""
    require_scope(actor, action)
    if not allows_project(action, role):
        raise Forbidden(f"Your role in this project ({role.value}) does not allow that.")


def find_project(actor: Actor, reference: str | UUID, action: Action, *, lock: bool = False) -> Project:
    """The project that an id or a key (present or former, any case) names, if the actor may do `action` with it.

    `lock` holds the row until the transaction ends, as in `find_task`: for changes of the project, its members and its
    labels.
    """
    found = read_project(actor, named_projects([str(reference)]))
    if found is None:
        raise NotFound
    project, role = found
    if lock:
        # Meanwhile everything may have changed, the actor's role too.
        project = lock_project(project.pk)
        require_project(actor, project.pk, action)
    else:
        require_role(actor, role, action)
    return project


def lock_project(project_id: UUID) -> Project:
    """The project as it is committed now, its row held until the transaction ends; `NotFound` when it is gone.

    The weaker lock lets others refer to the row meanwhile: new tasks and members of it do not wait.
    """
    project = Project.objects.select_for_update(no_key=True).filter(pk=project_id).first()
    if project is None:
        raise NotFound
    return project


def find_task(actor: Actor, reference: str | UUID, action: Action, *, lock: bool = False, linked: bool = False) -> Task:
    """The task that an id or a key (present or former, any case) names, with its project.

    `lock` holds the task's row until the transaction ends (PostgreSQL; on SQLite the transaction itself excludes
    others), `linked` those of all that it is linked with too: for changes of what their urgency is made of.
    """
    if linked and connection.features.has_select_for_update:
        hold_linked(actor, named_task(reference))
    found = _read_task(actor, reference, lock=lock)
    if found is None and lock:
        # One that was moved to another project while its row was waited for is found by a second look.
        found = _read_task(actor, reference, lock=True)
    if found is None:
        raise NotFound
    task, role = found
    require_role(actor, role, action)
    return task


def _read_task(actor: Actor, reference: str | UUID, *, lock: bool) -> tuple[Task, ProjectRole] | None:
    found = read_task(actor, named_task(reference), lock=lock)
    if found is None:
        former = formerly_named_task(reference)
        found = None if former is FALSE else read_task(actor, former, lock=lock)
    return found


def lock_tasks(task_ids: Iterable[UUID]) -> None:
    """Holds the rows of tasks until the transaction ends: what is read of them afterwards is what is committed.

    A task's row stands for its suggestions too: whoever changes one of those holds it.
    """
    held = Task.objects.select_for_update(no_key=True).filter(pk__in=list(task_ids)).order_by("pk")
    list(held.values_list("pk", flat=True))
