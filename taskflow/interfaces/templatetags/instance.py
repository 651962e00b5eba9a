"""What templates may know of the instance's settings."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def registration_is_open() -> bool:
    """Whether people may make accounts for themselves."""
    return bool(settings.TASKFLOW.registration_is_open and settings.TASKFLOW.local_accounts)


@register.simple_tag
def mail_is_sent() -> bool:
    """Whether the instance has a mail server."""
    return settings.TASKFLOW.smtp is not None
