"""Tasks and what hangs on them."""

from datetime import UTC, datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, NullIf

from taskflow.domain.permissions import Actor
from taskflow.domain.priority import Priority
from taskflow.store.identifiers import new_id
from taskflow.store.models.json_text import JSONTextField
from taskflow.store.models.projects import PRIORITY_CHOICES, Label, Project


class TaskStatus(models.TextChoices):
    """Where a task stands."""

    TODO = "todo", "to do"
    IN_PROGRESS = "in_progress", "in progress"
    DONE = "done", "done"
    CANCELLED = "cancelled", "cancelled"


#: A task in one of these still wants doing.
OPEN_STATUSES = (TaskStatus.TODO, TaskStatus.IN_PROGRESS)


class TaskQuerySet(models.QuerySet["Task"]):
    """Every read of tasks begins at `visible_to`."""

    def visible_to(self, actor: Actor) -> Self:
        """The tasks of the projects that `actor` may see, trashed ones included."""
        if actor.operator:
            return self
        return self.filter(project__in=Project.objects.visible_to(actor).values("pk"))

    def open(self) -> Self:
        """Neither finished nor trashed."""
        return self.filter(status__in=OPEN_STATUSES, deleted_at=None)


class Task(models.Model):
    """Something that wants doing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # `task_by_rank` begins with it.
    project = models.ForeignKey(Project, models.CASCADE, related_name="tasks", db_index=False)
    number = models.PositiveIntegerField(editable=False)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="subtasks", db_index=False)
    title = models.CharField(max_length=500)
    description = models.TextField(blank=True, default="", max_length=100_000)
    status = models.CharField(max_length=12, choices=TaskStatus.choices, default=TaskStatus.TODO)
    priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES, default=0)
    due_date = models.DateField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    start_date = models.DateField(null=True, blank=True)
    estimate_minutes = models.PositiveIntegerField(null=True, blank=True)
    #: A rule (RFC 5545) in the normal form of `domain/rrule.py`; empty: the task comes once.
    recurrence = models.CharField(max_length=500, blank=True, default="")
    recurrence_basis = models.CharField(
        max_length=10, choices=[("due", "due date"), ("completion", "completion")], default="due"
    )
    #: What the rule wanted where the calendar had it not: the 31st in a short month, a time in a skipped hour.
    recurrence_day = models.PositiveSmallIntegerField(null=True, editable=False)
    recurrence_clock = models.TimeField(null=True, editable=False)
    #: The task whose completion made this one. At most one follows each.
    previous = models.OneToOneField("self", models.SET_NULL, null=True, blank=True, editable=False, related_name="next")
    rank = models.CharField(max_length=200, editable=False)
    labels = models.ManyToManyField(Label, blank=True, related_name="tasks")
    assignees = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="assigned_tasks")
    blocked_by = models.ManyToManyField(
        "self", through="Dependency", through_fields=("blocked", "blocker"), symmetrical=False, related_name="blocks"
    )
    #: The instant that dated tasks are ordered by: `due_at`, or the end of `due_date` in UTC.
    due_sort = models.DateTimeField(null=True, editable=False)
    title_sort = models.CharField(max_length=1000, editable=False)
    #: The description as filters compare it, folded (`domain/text.py`).
    description_key = models.TextField(editable=False, default="", db_default="")
    #: The words of title, description and comments, folded (`domain/text.py`), each after a space.
    search_text = models.TextField(editable=False, default="")
    urgency_score = models.FloatField(default=0, editable=False)
    urgency_factors = JSONTextField(default=list, editable=False)
    urgency_as_of = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="created_tasks"
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TaskQuerySet.as_manager()

    #: What a document of the task shows (`store.task_columns.TaskRow`), where the change that saved it knows.
    shown: Any = None

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["project", "number"], name="task_number"),
            models.CheckConstraint(
                condition=models.Q(due_date=None) | models.Q(due_at=None), name="task_due_date_or_time"
            ),
        )
        indexes = (
            *(
                models.Index(fields=["project", column, "id"], condition=Q(deleted_at=None), name=f"task_by_{name}")
                for name, column in (
                    ("creation", "created_at"),
                    ("update", "updated_at"),
                    ("urgency", "urgency_score"),
                    ("title", "title_sort"),
                )
            ),
            # Trashed tasks keep their places, and the next task comes behind them.
            models.Index(fields=["project", "rank", "id"], name="task_by_rank"),
            # The expressions of `store/task_orders.py`, to the letter: what has no value comes last either way. By due
            # date alone a day's tasks are sorted by id, which is rarer than by priority and a matter of one day.
            models.Index(
                F("project"),
                Coalesce("due_sort", Value(datetime(9999, 12, 31, tzinfo=UTC))),
                Coalesce(NullIf("priority", Value(0)), Value(9), output_field=models.PositiveSmallIntegerField()),
                F("id"),
                condition=Q(deleted_at=None),
                name="task_by_due_priority",
            ),
            models.Index(
                F("project"),
                Coalesce("due_sort", Value(datetime(1, 1, 1, tzinfo=UTC))).desc(),
                F("id").desc(),
                condition=Q(deleted_at=None),
                name="task_by_due_late",
            ),
            models.Index(
                F("project"),
                Coalesce(NullIf("priority", Value(0)), Value(9), output_field=models.PositiveSmallIntegerField()),
                F("id"),
                condition=Q(deleted_at=None),
                name="task_by_priority_low",
            ),
            models.Index(fields=["project", "priority", "id"], condition=Q(deleted_at=None), name="task_by_priority"),
            # Few tasks have what these look for, and every change of a task would write to them. SQLite takes an index
            # of what IS NOT NULL, and none of what is NOT (… IS NULL), for which Django has another spelling.
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="task_with_parent"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="task_deleted"),
            models.Index(fields=["urgency_as_of"], name="task_urgency_age"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def key(self) -> str:
        """`HOME-12`; costs a query where `project` was not selected along."""
        return f"{self.project.key}-{self.number}"

    @property
    def level(self) -> Priority:
        return Priority.from_rank(self.priority)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES and self.deleted_at is None


class TaskKeyAlias(models.Model):
    """A key (project and number) that a task had before it moved; it keeps resolving."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    task = models.ForeignKey(Task, models.CASCADE, related_name="former_keys")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "number"], name="task_key_alias"),)

    def __str__(self) -> str:
        return f"{self.project.key}-{self.number}"


class Dependency(models.Model):
    """`blocked` waits for `blocker`."""

    blocked = models.ForeignKey(Task, models.CASCADE, related_name="blocker_links")
    blocker = models.ForeignKey(Task, models.CASCADE, related_name="blocked_links")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["blocked", "blocker"], name="dependency_once"),
            models.CheckConstraint(condition=~models.Q(blocked=models.F("blocker")), name="dependency_not_self"),
        )

    def __str__(self) -> str:
        return f"{self.blocked_id} waits for {self.blocker_id}"


class Reminder(models.Model):
    """When to remind of a task: an instant, or minutes before it is due."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="reminders")
    minutes_before = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(null=True)
    #: The instant that follows from these and from the task's due date; None while it has none to count from.
    remind_at = models.DateTimeField(null=True, editable=False, db_index=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(minutes_before=None) ^ models.Q(at=None), name="reminder_one_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.minutes_before} min before" if self.at is None else self.at.isoformat()


class TaskWatch(models.Model):
    """Somebody's wish to hear of a task, or to hear nothing of it."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="watches")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    muted = models.BooleanField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["task", "user"], name="watch_once"),)

    def __str__(self) -> str:
        return f"{self.user} {'mutes' if self.muted else 'watches'} {self.task}"


class Comment(models.Model):
    """A remark on a task (Markdown)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    body = models.TextField(max_length=100_000)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        indexes = (models.Index(fields=["task", "created_at", "id"], name="comment_order"),)

    def __str__(self) -> str:
        return self.body[:60]


class ImportedRecord(models.Model):
    """Remembers which foreign record became which task, so that an import run again adds nothing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    source = models.CharField(max_length=20)
    external_id = models.CharField(max_length=200)
    task = models.ForeignKey(Task, models.CASCADE, related_name="+")
    #: False until the task waits for what the record names, which may stand later in the list.
    linked = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "source", "external_id"], name="import_once"),)

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"
