"""What a plugin says of itself, read once by a process of its own and kept by TaskFlow."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Kind(StrEnum):
    """What a plugin can be; it may be several."""

    LLM_PROVIDER = "llm_provider"
    PRIORITISER = "prioritiser"
    NOTIFICATION_CHANNEL = "notification_channel"


class Network(StrEnum):
    """How far what a plugin is given may travel."""

    #: It opens no connection.
    NONE = "none"
    #: It connects to this machine, or to an address that an administrator named.
    CONFIGURED = "configured"
    #: It connects to a service of its own choice.
    INTERNET = "internet"


class PluginConfig(BaseModel):
    """The base of a plugin's settings. Unknown fields are refused; an instance cannot be changed.

    Fields may be `str`, `SecretStr`, `int`, `float`, `bool`, `Literal`, enums, pydantic's URLs and e-mail addresses,
    and `list[str]`, each with or without None. The admin's form, the REST schema and the documentation are made from
    their types, defaults, titles and descriptions. A `SecretStr` is encrypted at rest and never shown again.
    """

    # What was refused may hold a secret.
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)


class Manifest(BaseModel):
    """The module's `manifest`. Version and publisher are the distribution's own and are not repeated here."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    #: Equal to the entry point's name.
    slug: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
    #: For people, as in the admin.
    name: Annotated[str, Field(min_length=1, max_length=80)]
    #: A sentence or two for people.
    description: Annotated[str, Field(max_length=500)] = ""
    kinds: Annotated[frozenset[Kind], Field(min_length=1)]
    network: Network
    #: Capabilities of the core that it asks for; `live` is the only one.
    uses: frozenset[str] = frozenset()
    #: The settings of the instance, filled in by administrators.
    config: type[PluginConfig] = PluginConfig
    #: A channel's settings of each person, filled in by that person.
    user_config: type[PluginConfig] | None = None
    #: The setting that says which of several engines is used; a suggestion then names `slug:engine`.
    engine: Annotated[str, Field(max_length=80)] = ""
    #: The settings that hold every address it connects to. Where all of them are loopback, what it is told does not
    #: leave this machine. Without any, whatever it is told counts as leaving, unless it has no network.
    addresses: frozenset[str] = frozenset()
    #: Where its documentation is.
    homepage: Annotated[str, Field(max_length=300, pattern=r"^(https?://\S+)?$")] = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = self.uses - {"live"}
        if unknown:
            raise ValueError(f"uses: there is no capability {', '.join(sorted(unknown))}; known: live")
        if self.user_config is not None and Kind.NOTIFICATION_CHANNEL not in self.kinds:
            raise ValueError("user_config: only a notification channel has settings of each person")
        strange = (self.addresses | {self.engine} - {""}) - set(self.config.model_fields)
        if strange:
            raise ValueError(f"engine, addresses: config has no field {', '.join(sorted(strange))}")
        return self

    def schemas(self) -> dict[str, Any]:
        """The JSON schemas of both models of settings; None for a plugin without the second."""
        return {
            "config": self.config.model_json_schema(),
            "user_config": None if self.user_config is None else self.user_config.model_json_schema(),
        }
