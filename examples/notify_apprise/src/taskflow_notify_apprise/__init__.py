"""A notification channel for TaskFlow over the services of Apprise: Telegram, Discord, ntfy, Matrix and many more."""

from typing import cast

from pydantic import Field, SecretStr
from taskflow.plugin_api import Kind, Manifest, Network, PluginConfig, PluginContext, hookimpl

from taskflow_notify_apprise.channel import AppriseChannel, Limits

__all__ = ["Config", "UserConfig", "manifest", "taskflow_notification_channels"]


class Config(PluginConfig):
    """What an administrator sets.

    Apprise writes tokens and passwords into its addresses. A list of them could not be kept secret, for only a single
    text can be; so there is one text with all of them, which is encrypted and never shown again.
    """

    urls: SecretStr = Field(
        default=SecretStr(""),
        title="Addresses",
        description="Apprise URLs, separated by spaces or line ends; each message goes to all of them.",
    )
    own_services: list[str] = Field(
        default=[],
        title="Services for addresses of people's own",
        description="Schemas such as tgram or discord. Empty: nobody has an address of their own.",
    )
    timeout_s: float = Field(default=15, gt=0, le=120, title="Time limit", description="Seconds for a message.")


class UserConfig(PluginConfig):
    """What each person sets for themselves."""

    url: SecretStr | None = Field(
        default=None,
        title="Your own address",
        description="An Apprise URL; your messages go there instead of to the common addresses.",
    )


manifest = Manifest(
    slug="apprise",
    name="Apprise",
    description="Sends notifications over the services that Apprise knows: Telegram, Discord, ntfy, Matrix and others.",
    kinds=frozenset({Kind.NOTIFICATION_CHANNEL}),
    # A service's address is in the library, not in the settings.
    network=Network.INTERNET,
    config=Config,
    user_config=UserConfig,
    homepage="https://appriseit.com",
)


@hookimpl
def taskflow_notification_channels(ctx: PluginContext) -> list[AppriseChannel]:
    """One channel. Neither Apprise is loaded here nor a connection opened."""
    config = cast(Config, ctx.config)
    limits = Limits(timeout_s=config.timeout_s, own_services=frozenset(map(str.lower, config.own_services)))
    return [AppriseChannel(config.urls.get_secret_value(), limits)]
