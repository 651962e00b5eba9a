"""The plain cases of making and changing a task, in two statements: what is read first, and one that writes it all.

Each function gives None where the case is not plain, or where somebody came between: then nothing was written, and the
same is to be done in a transaction.
"""

from contextlib import suppress
from uuid import UUID

from taskflow.application import decisions, ports
from taskflow.application.access import require_role
from taskflow.application.changes import Change
from taskflow.application.ranks import rank_after
from taskflow.application.task_fields import refuse_archived
from taskflow.application.task_steps import (
    Fields,
    apply_plain,
    differences,
    make_ready,
    new_task,
    refuse_trashed,
    snapshot,
    tell_created,
    tell_updated,
)
from taskflow.application.versions import check_version
from taskflow.domain.errors import TaskFlowError
from taskflow.domain.permissions import Action, Actor
from taskflow.store.at_once import SeenProject, is_possible, see_project, see_task, write_new, write_task
from taskflow.store.models import Task
from taskflow.store.remembered_projects import recall, remember
from taskflow.store.task_columns import describe
from taskflow.store.task_names import named_task

#: Fields whose change nothing else in the database follows, as long as nothing hangs on the task.
_CHANGED = frozenset(
    {
        "title",
        "description",
        "priority",
        "due_date",
        "due_at",
        "start_date",
        "estimate_minutes",
        "recurrence",
        "recurrence_basis",
    }
)
_GIVEN = _CHANGED | {"project", "status", "created_at", "completed_at"}


def create_at_once(actor: Actor, fields: Fields) -> Task | None:
    """A new task, linked with nothing, in a project that `fields` name and that asks for no suggestion."""
    if fields.get("project") is None or not fields.keys() <= _GIVEN or not is_possible():
        return None
    reference = str(fields["project"])
    known = recall(actor, reference)
    if known is not None:
        # What is refused may be refused for another reason by now.
        with suppress(TaskFlowError):
            task = _create_in(actor, known, fields, None)
            if task is not None:
                return task
    seen = see_project(actor, reference)
    return None if seen is None else _create_in(actor, seen, fields, seen.xmin)


def _create_in(actor: Actor, seen: SeenProject, fields: Fields, looked: str | None) -> Task | None:
    if seen.project.auto_suggest == "on_create":
        return None
    require_role(actor, seen.role, Action.TASK_WRITE)
    refuse_archived(seen.project)
    opened = Change(actor=actor, now=ports.now())
    seen.project.task_counter += 1
    task = new_task(opened, seen.project, rank_after(seen.last_rank), fields)
    tell_created(opened, task)
    if fields.get("priority") is not None:
        decisions.note_new(opened, [(task, decisions.facts_alone(task, ()))])
    events, rows = opened.taken(seen.project.pk)
    left = write_new(actor, seen, events, task, *rows)
    if left is None:
        return None
    remember(actor, str(fields["project"]), looked, left)
    task.shown = describe(task, actor.username or None)
    return task


def update_at_once(actor: Actor, reference: str | UUID, fields: Fields, *, version: int | None = None) -> Task | None:
    """Changes plain fields of a task that nothing hangs on."""
    if not fields.keys() <= _CHANGED or not is_possible():
        return None
    seen = see_task(actor, named_task(reference))
    if seen is None or not seen.free:
        return None
    task = seen.task
    require_role(actor, seen.role, Action.TASK_WRITE)
    check_version(task.version, version)
    refuse_trashed(task)
    refuse_archived(task.project)
    opened = Change(actor=actor, now=ports.now())
    before = snapshot(task)
    apply_plain(task, fields)
    changes = differences(before, snapshot(task))
    if not changes:
        return None
    make_ready(opened, task, frozenset(changes))
    tell_updated(opened, task, changes)
    if fields.get("priority") is not None:
        decisions.note_new(opened, [(task, decisions.facts_alone(task, seen.labels))])
    task.shown = write_task(seen, *opened.taken(task.project_id))
    return None if task.shown is None else task
