"""The ledger of work."""

from django.db import models

from taskflow.store.identifiers import new_id


class JobState(models.TextChoices):
    """Where a job stands; `done` and `dead` are final."""

    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    DONE = "done", "done"
    DEAD = "dead", "dead"


class Job(models.Model):
    """One piece of work, written in the transaction that causes it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    #: At most one queued job has a given key: a second one is not filed.
    key = models.CharField(max_length=200, default="", blank=True)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=8)
    next_attempt_at = models.DateTimeField()
    #: Until then the claim below holds; afterwards anybody may claim the job again.
    lease_expires_at = models.DateTimeField(null=True)
    #: Names one claim: a worker whose lease ran out can no longer finish the job.
    lease = models.UUIDField(null=True)
    worker = models.CharField(max_length=100, default="", blank=True)
    last_error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["key"], condition=~models.Q(key="") & models.Q(state="queued"), name="job_key_queued"
            ),
        )
        indexes = (
            models.Index(fields=["next_attempt_at", "id"], condition=models.Q(state="queued"), name="job_due"),
            models.Index(fields=["lease_expires_at"], condition=models.Q(state="running"), name="job_leased"),
            models.Index(fields=["state", "finished_at"], name="job_finished"),
        )

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"


class WorkerBeat(models.Model):
    """A worker's sign of life."""

    worker = models.CharField(primary_key=True, max_length=100)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker
