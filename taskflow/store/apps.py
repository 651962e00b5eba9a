"""The Django app that holds TaskFlow's tables."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Tables and migrations."""

    name = "taskflow.store"
    label = "store"
    verbose_name = "TaskFlow"
    default_auto_field = "django.db.models.BigAutoField"
