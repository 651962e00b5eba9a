"""The settings of the instance, and those of each person."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from taskflow.plugin_api import PluginConfig
from taskflow_notify_email.addresses import ADDRESS, split_mailbox
from taskflow_notify_email.server import Server, read_url


class Config(PluginConfig):
    """Which server takes the mail, and whom it comes from."""

    # `default_from` names the instance's setting that the core fills in where an administrator sets nothing.
    url: Annotated[
        SecretStr,
        Field(
            title="Mail server",
            description="smtp://user:password@host:port?tls=starttls, or tls=implicit (mostly port 465), or tls=off. "
            "Special characters in the password as %XX. By default that of TASKFLOW_EMAIL_URL.",
            json_schema_extra={"default_from": "EMAIL_URL"},
        ),
    ]
    from_address: Annotated[
        str,
        Field(
            title="Sender",
            description="An address such as TaskFlow <tasks@example.org>. By default that of TASKFLOW_EMAIL_FROM.",
            max_length=300,
            json_schema_extra={"default_from": "EMAIL_FROM"},
        ),
    ]
    timeout_s: Annotated[
        float,
        Field(title="Time limit (seconds)", description="What handing one mail over may take.", ge=0.5, le=60),
    ] = 15.0

    @field_validator("url")
    @classmethod
    def _be_smtp(cls, value: SecretStr) -> SecretStr:
        read_url(value.get_secret_value())
        return value

    @field_validator("from_address")
    @classmethod
    def _be_mailbox(cls, value: str) -> str:
        split_mailbox(value)
        return value

    @property
    def server(self) -> Server:
        """The mail server."""
        return read_url(self.url.get_secret_value())


class PersonalConfig(PluginConfig):
    """What each person may choose."""

    address: Annotated[
        Annotated[str, Field(pattern=ADDRESS, max_length=254)] | None,
        Field(title="Address", description="Another than your account's, for notifications alone."),
    ] = None
