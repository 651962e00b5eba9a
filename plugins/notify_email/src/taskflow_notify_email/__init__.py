"""Notifications by e-mail, handed over to any SMTP server."""

from taskflow.plugin_api import Kind, Manifest, Network, NotificationChannel, PluginContext, hookimpl
from taskflow_notify_email.channel import EmailChannel
from taskflow_notify_email.config import Config, PersonalConfig

manifest = Manifest(
    slug="notify_email",
    name="E-mail",
    description="Sends notifications as plain text mail over an SMTP server.",
    kinds=frozenset({Kind.NOTIFICATION_CHANNEL}),
    network=Network.CONFIGURED,
    config=Config,
    user_config=PersonalConfig,
)


@hookimpl
def taskflow_notification_channels(ctx: PluginContext) -> list[NotificationChannel]:
    """One channel. It connects for each mail and keeps nothing open, so there is nothing to stop."""
    return [EmailChannel(ctx)]
