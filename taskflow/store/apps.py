"""The Django app that holds TaskFlow's tables."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class StoreConfig(AppConfig):
    """Tables and migrations."""

    name = "taskflow.store"
    label = "store"
    verbose_name = "TaskFlow"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the search index looked after whenever the schema may have changed."""
        from taskflow.store.search_index import ensure_index

        post_migrate.connect(ensure_index, sender=self)
