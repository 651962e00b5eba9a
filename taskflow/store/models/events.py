"""The one event log."""

from django.conf import settings
from django.db import models

from taskflow.store.identifiers import new_id


class EventStream(models.Model):
    """The head of one project's events, or of the site's own (`project_id` null).

    A row of its own, so that taking the next number locks neither the project nor anything that refers to it. It is no
    foreign key: a project's history outlives the project.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project_id = models.UUIDField(null=True, unique=True)
    #: True in the site's row alone, else null: unique, so that there is one such row.
    site = models.BooleanField(null=True, unique=True)
    head = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"stream of {self.project_id or 'the site'}"


class Event(models.Model):
    """Something that happened. `seq` grows without a gap in commit order within its stream."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # `event_seq` begins with it.
    stream = models.ForeignKey(EventStream, models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=60)
    #: Who did it; null for TaskFlow itself. The name is kept beside it, for when the account is gone.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=64)
    task_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    time = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["stream", "seq"], name="event_seq"),)
        indexes = (models.Index(fields=["task_id", "time", "id"], name="event_of_task"),)

    def __str__(self) -> str:
        return f"{self.type} #{self.seq}"
