"""Which task waits for which, and which is part of which: never in a circle."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from taskflow.application.access import lock_tasks
from taskflow.domain.errors import Invalid
from taskflow.domain.permissions import Actor
from taskflow.store.models import Dependency, Task

#: Names the lock among PostgreSQL's advisory ones: "links" in ASCII.
_LINKS = 0x6C696E6B73


def lock_links() -> None:
    """Until the transaction ends, nobody else changes what waits for what: two halves of a circle, each made while the
    other is not committed yet, would both look harmless. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LINKS])


def set_blockers(actor: Actor, task: Task, blockers: Iterable[UUID]) -> None:
    """Makes `blockers` the tasks that `task` waits for; those that the actor cannot see stay as they are.

    `Invalid` (`cycle`) when one of them waits for `task` already, at whatever distance.
    """
    wanted = set(blockers)
    if task.pk in wanted or task.pk in _waited_for(wanted):
        raise Invalid.field(
            "blocked_by", "cycle", "A task cannot wait for itself. Remove the task that closes the circle."
        )
    links = Dependency.objects.filter(blocked=task)
    visible = Task.objects.visible_to(actor).values("pk")
    links.filter(blocker__in=visible).exclude(blocker__in=wanted).delete()
    kept = set(links.values_list("blocker_id", flat=True))
    Dependency.objects.bulk_create([Dependency(blocked=task, blocker_id=pk) for pk in sorted(wanted - kept)])


def _waited_for(tasks: set[UUID]) -> set[UUID]:
    """Everything that `tasks` wait for, directly or not: a query a generation."""
    found: set[UUID] = set()
    frontier = set(tasks)
    while frontier:
        links = Dependency.objects.filter(blocked__in=frontier).values_list("blocker_id", flat=True)
        frontier = set(links) - found
        found |= frontier
    return found


def check_parent(task: Task, parent: Task) -> None:
    """`Invalid` when `parent` is in the trash (`trashed`), in another project (`other_project`), or is `task` or below
    it (`cycle`)."""
    if parent.deleted_at is not None:
        raise Invalid.field(
            "parent", "trashed", "That task is in the trash. Restore it first, or choose another parent."
        )
    if parent.project_id != task.project_id:
        raise Invalid.field(
            "parent", "other_project", "A task and its parent are in one project. Move one of them first."
        )
    above: UUID | None = parent.pk
    seen: set[UUID] = set()
    while above is not None and above not in seen:
        if above == task.pk:
            raise Invalid.field("parent", "cycle", "A task cannot be part of itself. Choose another parent.")
        seen.add(above)
        above = Task.objects.filter(pk=above).values_list("parent_id", flat=True).first()


def hold_subtree(task_id: UUID) -> set[UUID]:
    """As `subtree`, each row held until the transaction ends; parts that came while one waited are among them."""
    held: set[UUID] = set()
    while fresh := subtree([task_id]) - held:
        lock_tasks(fresh)
        held |= fresh
    return held


def subtree(task_ids: Iterable[UUID]) -> set[UUID]:
    """These tasks and all that are part of them: a query a generation."""
    found: set[UUID] = set()
    frontier = set(task_ids)
    while frontier:
        found |= frontier
        frontier = set(Task.objects.filter(parent__in=frontier).values_list("pk", flat=True)) - found
    return found
