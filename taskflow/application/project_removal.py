"""Deleting projects for good, with all that is in them."""

from uuid import UUID

from django.db.models import Q

from taskflow.application import ledger, stored_files, urgency
from taskflow.application.access import find_project
from taskflow.application.changes import Change, change
from taskflow.application.jobs import handles
from taskflow.application.projects import refuse_inbox
from taskflow.application.versions import check_version
from taskflow.domain.events import EventType
from taskflow.domain.permissions import SYSTEM, Action, Actor
from taskflow.store.models import Attachment, Dependency, Event, EventStream, Job, Project, Task

EMPTY_LOG = "projects.empty_log"
#: Events of one transaction: others wait for SQLite's one write lock no longer than some tenths of a second.
CHUNK = 5000


def delete_project(actor: Actor, reference: str | UUID, *, version: int | None = None) -> None:
    """Deletes a project with all its tasks and files. An inbox cannot be deleted (`Conflict`).

    Its events stay, without their data, as those of purged tasks do.
    """
    with change(actor) as opened:
        project = find_project(actor, reference, Action.PROJECT_DELETE, lock=True)
        check_version(project.version, version)
        refuse_inbox(project, "deleted")
        drop_project(opened, project)


def drop_project(opened: Change, project: Project) -> None:
    """`delete_project` inside an open change, whoever asks for it."""
    opened.event(EventType.PROJECT_DELETED, data={"id": str(project.pk), "key": project.key, "name": project.name})
    tasks = Task.objects.filter(project=project)
    waiting = Dependency.objects.filter(Q(blocker__in=tasks) | Q(blocked__in=tasks))
    ends = {end for pair in waiting.values_list("blocker_id", "blocked_id") for end in pair}
    elsewhere = list(Task.objects.filter(pk__in=ends).exclude(project=project).values_list("pk", flat=True))
    stored_files.forget_files(opened, Attachment.objects.filter(task__in=tasks))
    tasks.update(parent=None)
    opened.job(EMPTY_LOG, {"project": str(project.pk), "after": 0})
    project.delete()
    urgency.refresh(elsewhere, opened.now)


@handles(EMPTY_LOG)
def empty_log(job: Job) -> None:
    """Takes the data out of a deleted project's events, some thousand at a time."""
    after = int(job.payload["after"])
    with change(SYSTEM) as opened:
        stream = EventStream.objects.filter(project_id=job.payload["project"]).first()
        if stream is not None:
            Event.objects.filter(stream=stream, seq__gt=after, seq__lte=after + CHUNK).update(data={})
            if stream.head > after + CHUNK:
                opened.job(EMPTY_LOG, {**job.payload, "after": after + CHUNK})
        ledger.finish(job)
