"""Calendar feeds: secret addresses, and what their owners may see at the moment when somebody reads them."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from taskflow.application import ports
from taskflow.application.access import require_scope
from taskflow.application.changes import change
from taskflow.application.references import named_project
from taskflow.application.saved_filters import named_filter
from taskflow.application.sign_in import lacks_second_factor
from taskflow.domain.calendar_feed import COMPONENTS, CalendarTask, render_calendar
from taskflow.domain.errors import Conflict, Invalid, NotFound
from taskflow.domain.filters import Expression, read_filter
from taskflow.domain.filters.builtin import BUILTIN, BuiltinFilter
from taskflow.domain.permissions import Action, Actor
from taskflow.store.models import Feed, SavedFilter, Task
from taskflow.store.models.tasks import OPEN_STATUSES, TaskQuerySet, TaskStatus
from taskflow.store.task_filters import filter_condition, narrow_tasks

#: 256 bits; the prefix is what people and scanners know a leaked one by.
_PREFIX = "tff_"
_FORM = re.compile(r"tff_[A-Za-z0-9_-]{43}")
MOST_FEEDS = 50
#: Tasks that one feed shows, those that are due first: what a calendar program takes without trouble.
MOST_TASKS = 2_000
#: How long a finished task is still shown.
DONE_FOR = timedelta(days=14)


def create_feed(
    actor: Actor,
    name: str,
    *,
    project: str | None = None,
    expression: str | None = None,
    saved: str | None = None,
    components: Sequence[str] = COMPONENTS,
) -> tuple[Feed, str]:
    """A new feed of the actor's, and its secret, which is kept nowhere. `Conflict` beyond `MOST_FEEDS`.

    `expression` and `saved` (an own filter's id, or a built-in one's name) narrow it as the parameters `filter` and
    `saved` do a list of tasks; `Invalid` says at which position an expression is wrong.
    """
    require_scope(actor, Action.FEED_MANAGE)
    if actor.projects is not None and project is None:
        raise Invalid.field("project", "required", "Your token is limited to projects: name one of them.")
    if not components:
        raise Invalid.field("components", "empty", f"Give at least one of {', '.join(COMPONENTS)}.")
    if expression is not None:
        read_filter("filter", expression)
    secret = _PREFIX + secrets.token_urlsafe(32)
    with change(actor) as opened:
        if Feed.objects.filter(user_id=actor.person).count() >= MOST_FEEDS:
            raise Conflict(f"You have {MOST_FEEDS} feeds. Delete one first.", code="too_many")
        found = None if project is None else named_project("project", actor, project, Action.TASK_READ)
        kept = None if saved is None else named_filter(actor, saved)
        feed = Feed.objects.create(
            digest=_digest(secret),
            user_id=actor.person,
            name=name,
            project=found,
            expression=expression or "",
            saved=kept if isinstance(kept, SavedFilter) else None,
            builtin=kept.name if isinstance(kept, BuiltinFilter) else "",
            components=[kind for kind in COMPONENTS if kind in components],
            created_at=opened.now,
        )
    return feed, secret


def delete_feed(actor: Actor, feed_id: UUID) -> None:
    """Ends one of the actor's own feeds; acts on the next request."""
    require_scope(actor, Action.FEED_MANAGE)
    with change(actor):
        deleted, _ = Feed.objects.filter(user_id=actor.person, pk=feed_id).delete()
    if not deleted:
        raise NotFound


def find_feed(secret: str) -> Feed:
    """The live feed of an active person, with that person, its project and filter; `NotFound` for anything else."""
    if _FORM.fullmatch(secret) is None:
        raise NotFound
    feed = Feed.objects.select_related("user", "project", "saved").filter(digest=_digest(secret)).first()
    if feed is None or not feed.user.is_active or lacks_second_factor(feed.user):
        raise NotFound
    return feed


def tag_feed(feed: Feed, base: str) -> str:
    """Changes whenever the document would: a digest of all that it is made of, in one query."""
    rows = _tasks(feed).values_list("pk", "version", "updated_at")
    known = [str(feed.pk), feed.name, feed.user.timezone, base, *map(str, feed.components), *map(str, rows)]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:32]


def render_feed(feed: Feed, base: str) -> bytes:
    """The document; `base` is the address that tasks' ids are put behind. Two queries."""
    rows = list(_tasks(feed).prefetch_related("labels"))
    shown = {task.pk for task in rows}
    tasks = [_calendar_task(task, base, shown) for task in rows]
    return render_calendar(tasks, name=feed.name, timezone=feed.user.timezone, components=feed.components)


def _tasks(feed: Feed) -> TaskQuerySet:
    """What the owner may see now, of projects in use: open tasks, and those that were finished lately."""
    recent = Q(status=TaskStatus.DONE, completed_at__gte=ports.now() - DONE_FOR)
    owner = feed.user.as_actor()
    tasks = Task.objects.visible_to(owner).filter(deleted_at=None, project__archived=False)
    if feed.project_id is not None:
        tasks = tasks.filter(project_id=feed.project_id)
    for expression in _expressions(feed):
        tasks = narrow_tasks(tasks, filter_condition(expression, owner, ports.now()), owner)
    wanted = tasks.filter(Q(status__in=OPEN_STATUSES) | recent)
    return wanted.order_by(F("due_sort").asc(nulls_last=True), "created_at", "pk")[:MOST_TASKS]


def _expressions(feed: Feed) -> list[Expression]:
    """What the feed's filters say today."""
    kept = feed.saved or BUILTIN.get(feed.builtin)
    texts = [feed.expression, "" if kept is None else kept.expression]
    return [read_filter("filter", text) for text in texts if text]


def _calendar_task(task: Task, base: str, shown: set[UUID]) -> CalendarTask:
    return CalendarTask(
        id=task.pk,
        title=task.title,
        description=task.description,
        status=task.status,
        priority=task.level,
        labels=tuple(sorted(label.name for label in task.labels.all())),
        due_date=task.due_date,
        due_at=task.due_at,
        start_date=task.start_date,
        estimate_minutes=task.estimate_minutes,
        # What counts from completion has no dates that a calendar could show.
        recurrence=task.recurrence if task.recurrence_basis == "due" else "",
        parent=task.parent_id if task.parent_id in shown else None,
        url=f"{base}{task.pk}",
        created_at=task.created_at,
        updated_at=task.updated_at,
        completed_at=task.completed_at,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
