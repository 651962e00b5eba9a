"""Telling people that a text speaks to them. Only members of the task's project are spoken to: others learn nothing."""

from collections.abc import Iterable
from uuid import UUID

from taskflow.application.changes import Change
from taskflow.domain.events import EventType
from taskflow.domain.mentions import find_mentions
from taskflow.store.models import Membership, Task
from taskflow.store.models.users import fold_name


def mentioned(project_id: UUID, texts: Iterable[str]) -> list[list[str]]:
    """For each text, the names of the project's members it speaks to, in its order; one query, or none."""
    wanted = [[tuple(map(fold_name, readings)) for readings in find_mentions(text)] for text in texts]
    keys = {key for mentions in wanted for readings in mentions for key in readings}
    names: dict[str, str] = {}
    if keys:
        members = Membership.objects.filter(project_id=project_id, user__username_key__in=keys, user__is_active=True)
        names = dict(members.values_list("user__username_key", "user__username"))
    return [
        list(dict.fromkeys(names[known] for known in (_first(readings, names) for readings in mentions) if known))
        for mentions in wanted
    ]


def _first(readings: tuple[str, ...], names: dict[str, str]) -> str | None:
    return next((key for key in readings if key in names), None)


def tell_mentioned(opened: Change, task: Task, before: str, after: str, *, comment: UUID | None = None) -> None:
    """One event for each person whom `after` speaks to and `before` did not, but for the one who wrote it."""
    if "@" not in after:
        return
    old, new = mentioned(task.project_id, [before, after])
    for username in new:
        if username not in old and username != opened.actor.username:
            data = {"key": task.key, "mentioned": username, "comment": None if comment is None else str(comment)}
            opened.event(EventType.TASK_MENTIONED, project=task.project_id, task=task.pk, data=data)
