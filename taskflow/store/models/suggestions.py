"""Advice on priorities, and what people decided."""

from django.conf import settings
from django.db import models

from taskflow.store.identifiers import new_id
from taskflow.store.models.projects import PRIORITY_CHOICES, Project
from taskflow.store.models.tasks import Task


class SuggestionState(models.TextChoices):
    """Where a suggestion stands; only a `pending` one can be decided."""

    QUEUED = "queued", "queued"
    PENDING = "pending", "pending"
    ACCEPTED = "accepted", "accepted"
    OVERRIDDEN = "overridden", "overridden"
    DISMISSED = "dismissed", "dismissed"
    STALE = "stale", "stale"
    FAILED = "failed", "failed"


class Suggestion(models.Model):
    """Advice on one task's priority; it changes nothing until somebody decides."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="suggestions")
    state = models.CharField(max_length=10, choices=SuggestionState.choices, default=SuggestionState.QUEUED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    suggested_priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES, null=True)
    confidence = models.FloatField(null=True)
    probabilities = models.JSONField(null=True)
    reasons = models.JSONField(default=list)
    signals = models.JSONField(default=list)
    source = models.CharField(max_length=10, default="", blank=True)
    provider = models.CharField(max_length=100, default="", blank=True)
    model = models.CharField(max_length=200, default="", blank=True)
    prompt_version = models.CharField(max_length=40, default="", blank=True)
    latency_ms = models.FloatField(null=True)
    auto = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    final_priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES, null=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["task"], condition=models.Q(state="queued"), name="suggestion_one_queued_a_task"
            ),
            models.UniqueConstraint(
                fields=["task"], condition=models.Q(state="pending"), name="suggestion_one_pending_a_task"
            ),
        )
        indexes = (
            models.Index(fields=["task", "created_at"], name="suggestion_of_task"),
            models.Index(fields=["state", "created_at", "id"], name="suggestion_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.get_suggested_priority_display() or '…'} for {self.task} ({self.state})"


class DecisionKind(models.TextChoices):
    """How a person came to a decision."""

    SET = "set", "set by hand"
    ACCEPT = "accept", "accepted"
    OVERRIDE = "override", "overridden"
    DISMISS = "dismiss", "dismissed"


class Decision(models.Model):
    """A label to learn from: what a person decided about a task, and the task's facts at that moment."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Indexes of their own begin with these two.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="decisions", db_index=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="decisions", db_index=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="decisions")
    suggestion = models.ForeignKey(Suggestion, models.SET_NULL, null=True, related_name="decisions", db_index=False)
    kind = models.CharField(max_length=10, choices=DecisionKind.choices)
    #: The level that was decided; of a dismissal, the level that was refused.
    priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES)
    facts = models.JSONField()
    decided_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["user", "-decided_at"], name="decision_of_user"),
            models.Index(fields=["project", "-decided_at"], name="decision_of_project"),
            models.Index(
                fields=["suggestion"], condition=models.Q(suggestion__isnull=False), name="decision_of_suggestion"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.get_priority_display()}"


class SuggestionBatch(models.Model):
    """A request for suggestions on many tasks."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    total = models.PositiveIntegerField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.total} tasks"


class BatchItem(models.Model):
    """One task of a batch; done when it has a suggestion, or the task is gone."""

    batch = models.ForeignKey(SuggestionBatch, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    task = models.ForeignKey(Task, models.CASCADE, null=True, related_name="+")
    suggestion = models.ForeignKey(Suggestion, models.SET_NULL, null=True, related_name="+")
    done = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["batch", "position"], name="batch_position"),)

    def __str__(self) -> str:
        return f"{self.batch_id} #{self.position}"
