"""What is known of the installed plugins, what administrators want of them, and how they fare."""

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
    #: The error is that it does not fit the contract.
    refused = models.BooleanField(default=False)
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


class PluginSetup(models.Model):
    """What administrators want of a slug, whether or not a plugin of that slug is installed now."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=80, unique=True)
    #: The one that the secrets were given to; another that claims the slug later does not get them.
    distribution = models.CharField(max_length=200, blank=True, default="")
    enabled = models.BooleanField(default=False)
    #: Smaller comes first.
    order = models.PositiveIntegerField(default=100)
    #: Settings that are no secrets, by field.
    values = models.JSONField(default=dict)
    #: Secret settings by field, each encrypted for this plugin and this field.
    secrets = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()
    #: What the plugin's own model said of the settings in effect (`field`, `code`, `detail`), and a mark of those.
    problems = models.JSONField(default=list)
    checked = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return self.slug


class PluginFailure(models.Model):
    """One way in which a plugin fails, with its last text and how often it came."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=80)
    #: What it was asked for: `load`, `complete`, `prioritise`, `send`, `check`.
    capability = models.CharField(max_length=40)
    #: `auth`, `transient`, `permanent`, `bug`, `timeout`, `crash`.
    kind = models.CharField(max_length=20)
    #: Without secrets.
    message = models.TextField()
    trace = models.TextField(blank=True, default="")
    #: Equal for failures of one cause.
    fingerprint = models.CharField(max_length=64)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["slug", "fingerprint"], name="plugin_failure_once"),)
        indexes = (models.Index(fields=["slug", "-last_at"], name="plugin_failure_newest"),)

    def __str__(self) -> str:
        return f"{self.slug}: {self.message[:80]}"


class PluginPause(models.Model):
    """A capability of a plugin that is not asked for a while, because it failed too often in a row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=80)
    capability = models.CharField(max_length=40)
    until = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["slug", "capability"], name="plugin_pause_once"),)

    def __str__(self) -> str:
        return f"{self.slug} {self.capability}"


class PluginBoard(models.Model):
    """The one row that every process looks at: which generation of plugins is in force, and which model is asked."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    #: Grows with every change that a process which runs plugins must follow.
    generation = models.PositiveBigIntegerField(default=0)
    #: The chosen model provider's slug; empty: the only one that is ready.
    provider = models.CharField(max_length=80, blank=True, default="")
    #: Another model than the provider's own setting names; empty: that.
    provider_model = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"generation {self.generation}"
