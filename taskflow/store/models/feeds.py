"""Calendar feeds: addresses that calendar programs read without signing in."""

from django.conf import settings
from django.db import models

from taskflow.store.identifiers import new_id
from taskflow.store.models.filters import SavedFilter
from taskflow.store.models.projects import Project


class Feed(models.Model):
    """One secret address; only the SHA-256 of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=100)
    #: The only project that it shows; null: all of the person's.
    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="+")
    #: An expression of the filter language that tasks must fit; empty: all do.
    expression = models.TextField(blank=True, default="", max_length=2_000)
    #: The filter whose present expression they must fit: one of the person's own, or the name of a built-in one. A feed
    #: goes with its filter: it must not show everything instead.
    saved = models.ForeignKey(SavedFilter, models.CASCADE, null=True, related_name="+")
    builtin = models.CharField(max_length=20, blank=True, default="")
    #: Kinds of entries: `todo`, `event`.
    components = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["user", "created_at", "id"], name="feed_of_user"),)

    def __str__(self) -> str:
        return self.name
