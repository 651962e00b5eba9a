"""What is known of the installed plugins."""

from django.db import models

from taskflow.store.identifiers import new_id


class Plugin(models.Model):
    """What a distribution's entry point said of itself when it was asked last."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=80)
    distribution = models.CharField(max_length=200)
    version = models.CharField(max_length=100, blank=True)
    publisher = models.CharField(max_length=200, blank=True)
    module = models.CharField(max_length=300)
    #: Of the files that were asked; it is asked again when they change.
    fingerprint = models.CharField(max_length=64)
    #: Why it was not even asked: what its distribution says of it does not fit.
    refusal = models.TextField(blank=True, default="")
    #: Why it cannot be used, that or what happened when it was asked; empty when it can.
    error = models.TextField(blank=True, default="")
    trace = models.TextField(blank=True, default="")
    #: `name`, `description`, `kinds`, `network`, `uses`, `homepage`; empty where there is an error.
    manifest = models.JSONField(default=dict)
    #: JSON schemas: `config`, and `user_config` or null.
    schemas = models.JSONField(default=dict)
    #: Names of the hooks that it implements.
    hooks = models.JSONField(default=list)
    inspected_at = models.DateTimeField()
    #: Its distribution was uninstalled.
    missing = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["slug", "distribution"], name="plugin_once"),)

    def __str__(self) -> str:
        return f"{self.slug} ({self.distribution} {self.version})"
