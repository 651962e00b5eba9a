"""Invitations into projects."""

from django.conf import settings
from django.db import models

from taskflow.domain.permissions import ProjectRole
from taskflow.store.identifiers import new_id
from taskflow.store.models.projects import Project


class Invitation(models.Model):
    """A single-use link into a project for whoever holds it; only the SHA-256 of its token is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    #: The address as it is compared.
    email_key = models.CharField(max_length=320)
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in ProjectRole])
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    #: Whether a manager gave it, so that it opens an account where registration is closed.
    admits_strangers = models.BooleanField()
    #: Whether the link went to the address and nowhere else, so that following it proves the address.
    mailed = models.BooleanField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    #: When it was accepted or withdrawn; null while it is open.
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["project", "email_key"], condition=models.Q(closed_at=None), name="invitation_open_once"
            ),
        )
        indexes = (
            models.Index(fields=["project", "created_at", "id"], name="invitation_order"),
            models.Index(fields=["invited_by", "created_at"], name="invitation_by_person"),
            models.Index(fields=["expires_at"], name="invitation_age"),
        )

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"
