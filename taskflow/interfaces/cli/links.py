"""Addresses that a command prints."""

from django.urls import reverse

from taskflow.config import Settings


def write_link(settings: Settings, token: str) -> str:
    """The address that a single-use sign-in token opens."""
    return settings.base_url + reverse("sign-in-link", args=[token])
