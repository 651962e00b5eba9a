"""Files on tasks: what is known of them. Their content lies in the file store (`application/ports.py`)."""

from uuid import uuid4

from django.conf import settings
from django.db import models

from taskflow.store.identifiers import new_id
from taskflow.store.models.tasks import Task


class Attachment(models.Model):
    """A file that somebody put on a task; it never changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, models.CASCADE, related_name="attachments")
    #: What the person called the file: data, never a path.
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    #: Found out from the content and the name, not taken from the client.
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    #: The content's name in the file store: random, so that it says nothing and cannot be guessed from an id.
    blob = models.UUIDField(unique=True, default=uuid4, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["task", "created_at", "id"], name="attachment_order"),)

    def __str__(self) -> str:
        return self.name

    @property
    def blob_name(self) -> str:
        """The content's name in the file store."""
        return self.blob.hex
