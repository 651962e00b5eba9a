"""The Django app that holds the doors: REST, admin pages, sign-in pages and commands."""

from django.apps import AppConfig


class InterfacesConfig(AppConfig):
    """Templates, static files and the admin's pages."""

    name = "taskflow.interfaces"
    label = "interfaces"
