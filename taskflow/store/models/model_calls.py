"""What was asked of models: an entry a call, without any text; and models that are being fetched."""

from django.conf import settings
from django.db import models

from taskflow.store.identifiers import new_id
from taskflow.store.models.tasks import Task


class ModelCall(models.Model):
    """One call of a model provider, for audit and charts. What was sent is known by its hash and size alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    slug = models.CharField(max_length=80)
    #: As suggestions name it: the slug, or `slug:engine`.
    provider = models.CharField(max_length=100)
    model = models.CharField(max_length=200, blank=True, default="")
    #: `suggest` or `embed`.
    purpose = models.CharField(max_length=20)
    prompt_version = models.CharField(max_length=40, blank=True, default="")
    task = models.ForeignKey(Task, models.SET_NULL, null=True, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    #: Whether the provider counts as outside of this machine.
    leaves = models.BooleanField()
    #: SHA-256, in hexadecimal, of what was sent; empty where nothing was.
    sha256 = models.CharField(max_length=64, blank=True, default="")
    sent_bytes = models.PositiveIntegerField(default=0)
    #: Pieces of text that were taken out before it was sent.
    redactions = models.PositiveIntegerField(default=0)
    #: Answered from what an equal call got; nothing was sent.
    cached = models.BooleanField(default=False)
    latency_ms = models.FloatField()
    #: Empty where it answered; else the kind of failure, as in `PluginFailure`, or why it was not asked.
    failure = models.CharField(max_length=40, blank=True, default="")
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["-at", "-id"], name="model_call_newest"),
            models.Index(fields=["provider", "at"], name="model_call_by_provider"),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.at:%Y-%m-%d %H:%M:%S}"


class ModelPull(models.Model):
    """A model that a provider fetches or fetched, as an administrator asked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=80)
    model = models.CharField(max_length=200)
    #: `running`, `done` or `failed`.
    state = models.CharField(max_length=10, default="running")
    completed_bytes = models.PositiveBigIntegerField(default=0)
    total_bytes = models.PositiveBigIntegerField(null=True)
    #: What is being done, or why it failed.
    detail = models.CharField(max_length=500, blank=True, default="")
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["slug", "model"], name="model_pull_once"),)

    def __str__(self) -> str:
        return f"{self.slug}: {self.model}"
