"""Answers kept for `Idempotency-Key`."""

from django.conf import settings
from django.db import models


class IdempotencyRecord(models.Model):
    """The first answer to one keyed request; kept for 24 hours."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    key = models.CharField(max_length=255)
    #: SHA-256 of the request's body, in hexadecimal.
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "method", "path", "key"], name="idempotency_once"),)
        indexes = (models.Index(fields=["created_at"], name="idempotency_age"),)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
