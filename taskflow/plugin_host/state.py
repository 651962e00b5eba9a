"""What the host of plugins is told, and what it tells: plain values, so that it needs no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class EnabledPlugin:
    """A plugin that is to run, with its settings. Equal values are the same plugin: it need not be started anew."""

    slug: str
    distribution: str
    version: str
    module: str
    fingerprint: str
    #: Values of `plugin_api.Kind`.
    kinds: frozenset[str]
    network: str
    order: int
    #: In plain, secrets too; what is absent has the plugin's own default.
    config: Mapping[str, Any] = field(repr=False)
    #: Names of the secret fields.
    secrets: frozenset[str] = frozenset()
    #: How suggestions name it: its slug, or `slug:engine` where it has several.
    provider: str = ""
    #: Whether what it is told may leave this machine, and nobody vouched for where it goes.
    leaves: bool = True
    #: Whether an administrator says that its model is able: its words may be shown.
    able: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The plugins of one generation, in their order."""

    generation: int
    plugins: tuple[EnabledPlugin, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """One call, or one start, that failed for the plugin's sake."""

    slug: str
    #: `load`, `complete`, `score`, `embed`, `prioritise`, `send` or `check`.
    capability: str
    #: `auth`, `transient`, `permanent`, `bug`, `timeout`, `crash` or `bad_answer`.
    kind: str
    #: For administrators, without secrets; at most 1,000 characters.
    message: str
    #: Without secrets, at most 8,000 characters; empty where there is none.
    trace: str
    #: SHA-256, in hexadecimal, of what failures of one cause have in common.
    fingerprint: str


class PluginStateSource(Protocol):
    """Where the host learns which plugins are to run."""

    def generation(self) -> int:
        """A number that grows with every change; cheap."""

    def snapshot(self) -> Snapshot:
        """The plugins that are to run now."""


class ErrorSink(Protocol):
    """Where the host tells what went wrong."""

    def failed(self, failure: Failure) -> None:
        """A plugin failed."""

    def opened(self, slug: str, capability: str, seconds: float, reason: str) -> None:
        """A capability failed so often that it is not asked for `seconds`."""

    def closed(self, slug: str, capability: str) -> None:
        """It works again."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """Where plugins may connect to, as `outbound.Guard` takes it."""

    allow: tuple[str, ...] = ()
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """An object that a plugin's hooks returned: its kind (a value of `plugin_api.Kind`), name and methods."""

    slug: str
    kind: str
    name: str
    can: frozenset[str]


class CallFailed(Exception):
    """A plugin did not do what it was asked for; the text is for administrators, without secrets.

    `kind`: as in `Failure`, or `busy`, `breaker_open`, `not_running`, `not_allowed`: it was not even asked; or
    `cancelled`: whoever waited left.
    `retry_after` is in seconds, where it is known.
    """

    def __init__(
        self, kind: str, message: str, *, retry_after: float | None = None, trace: str = "", where: str = ""
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.retry_after = kind, message, retry_after
        #: Where in the plugin it happened: a traceback, and the innermost place.
        self.trace, self.where = trace, where
        #: What had gone to a model by then, where that is known: `sha256`, `bytes`, `redactions`.
        self.sent: Mapping[str, Any] = {}
