"""Filters that people keep."""

from django.conf import settings
from django.db import models

from taskflow.store.identifiers import new_id


class SavedFilter(models.Model):
    """A person's own filter: an expression of the filter language and an order."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=100)
    expression = models.TextField(max_length=2_000)
    #: As the parameter `ordering` of a list; empty: newest first.
    ordering = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        indexes = (models.Index(fields=["owner", "id"], name="filter_by_owner"),)

    def __str__(self) -> str:
        return self.name
