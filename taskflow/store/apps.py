"""The Django app that holds TaskFlow's tables."""

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save


class StoreConfig(AppConfig):
    """Tables and migrations."""

    name = "taskflow.store"
    label = "store"
    verbose_name = "TaskFlow"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the search index looked after whenever the schema may have changed, and changed credentials noticed."""
        from taskflow.store.credential_changes import note_change
        from taskflow.store.models import ApiToken, User
        from taskflow.store.search_index import ensure_index

        post_migrate.connect(ensure_index, sender=self)
        for model in (ApiToken, User):
            post_save.connect(note_change, sender=model)
            post_delete.connect(note_change, sender=model)
