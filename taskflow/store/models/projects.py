"""Projects, who is in them, and their labels."""

import unicodedata
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from taskflow.domain.permissions import Actor, ProjectRole
from taskflow.domain.priority import ORDER
from taskflow.domain.text import fold
from taskflow.store.identifiers import new_id

PRIORITY_CHOICES = [(level.rank, level.value) for level in ORDER]


class ProjectQuerySet(models.QuerySet["Project"]):
    """Every read of projects begins at `visible_to`."""

    def visible_to(self, actor: Actor) -> Self:
        """The projects that `actor` is a member of (all, for the operator), within the credential's limit."""
        if actor.operator:
            return self
        visible = self.filter(memberships__user_id=actor.user_id)
        return visible if actor.projects is None else visible.filter(pk__in=actor.projects)


class Project(models.Model):
    """A list of tasks that people share. Every user has one of their own, the inbox."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    #: The name as filters compare it, folded (`domain/text.py`); `save` keeps it.
    name_key = models.CharField(max_length=1000, editable=False, default="", db_default="")
    key = models.CharField(
        max_length=10,
        unique=True,
        validators=[RegexValidator(r"^[A-Z][A-Z0-9]{1,9}\Z", "2 to 10 capital letters and digits, a letter first.")],
    )
    description = models.TextField(blank=True, default="", max_length=100_000)
    color = models.CharField(max_length=7, blank=True, default="")
    archived = models.BooleanField(default=False)
    inbox_of = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="inbox", editable=False
    )
    default_priority = models.PositiveSmallIntegerField(choices=PRIORITY_CHOICES, default=0)
    auto_suggest = models.CharField(max_length=10, choices=[("off", "off"), ("on_create", "on create")], default="off")
    auto_apply_confidence = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)]
    )
    remote_models_allowed = models.BooleanField(default=False)
    urgency_weights = models.JSONField(default=dict, blank=True)
    #: The number of the last task that was created here.
    task_counter = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["created_at", "id"], name="project_created"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.key})"

    def save(
        self,
        *args: Any,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Keeps `name_key` true to the name."""
        self.name_key = fold(self.name)[:1000]
        if update_fields is not None:
            update_fields = {*update_fields}
            if "name" in update_fields:
                update_fields.add("name_key")
        super().save(
            *args, force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields
        )


class ProjectKeyAlias(models.Model):
    """A key that a project had before; it keeps resolving."""

    key = models.CharField(primary_key=True, max_length=10)
    project = models.ForeignKey(Project, models.CASCADE, related_name="former_keys")

    def __str__(self) -> str:
        return self.key


class Membership(models.Model):
    """One person's role in one project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in ProjectRole])
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "project"], name="membership_once"),)

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"


def fold_label(name: str) -> str:
    """A label's name as it is compared: without regard to case, which databases fold each in its own way."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


class Label(models.Model):
    """A word that tasks of one project are marked with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=100)
    #: What the name is compared by; a folded character can be three.
    name_key = models.CharField(max_length=300, editable=False)
    color = models.CharField(max_length=7, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["project", "name_key"], name="label_name_once", violation_error_message="Taken."
            ),
        )

    def __str__(self) -> str:
        return self.name

    def save(
        self,
        *args: Any,
        force_insert: bool | tuple[models.base.ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Keeps `name_key` true to the name."""
        self.name_key = fold_label(self.name)
        if update_fields is not None:
            update_fields = {*update_fields, "name_key"}
        super().save(
            *args, force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields
        )
