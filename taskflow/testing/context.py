"""The context that hooks get, for tests: a clock to set, a log to read, connections through the real guard."""

import logging
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from taskflow.plugin_api import PermanentError, PluginConfig

if TYPE_CHECKING:
    from taskflow.plugin_host.outbound import Guard

_numbers = count(1)


class FakeClock:
    """Stands still until it is moved: on Thursday, 1 January 2026, 12:00 UTC, unless told otherwise."""

    def __init__(self, moment: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.moment

    def advance(self, **span: float) -> None:
        """Moves on by what `timedelta` takes: `hours=1`."""
        self.moment += timedelta(**span)


class FakeLive:
    """Keeps what would have gone to people's open connections, of which each person has one."""

    def __init__(self) -> None:
        #: User name and notification, oldest first.
        self.pushed: list[tuple[str, dict[str, Any]]] = []

    async def push(self, username: str, notification: dict[str, Any]) -> int:
        """Always one connection."""
        self.pushed.append((username, notification))
        return 1


class FakeContext:
    """A `PluginContext`. `config` is an instance of the manifest's model, `uses` the manifest's.

    `allow` and `offline` are those of the guard of outbound connections: see `OUTBOUND_ALLOW` and `OFFLINE`.
    """

    def __init__(
        self,
        config: PluginConfig,
        *,
        slug: str = "plugin",
        uses: Iterable[str] = (),
        clock: FakeClock | None = None,
        allow: Iterable[str] = (),
        offline: bool = False,
    ) -> None:
        self._config, self._uses = config, frozenset(uses)
        self._allow, self._offline = tuple(allow), offline
        self._live = FakeLive()
        self._clients: list[Any] = []
        self.clock = clock or FakeClock()
        #: What the plugin logged, as the host would have written it: `LEVEL text`, secrets taken out.
        self.logged: list[str] = []
        # A logger of its own, not one that every context of this name shares and that keeps its handlers for ever.
        self._log = logging.Logger(f"taskflow.plugins.{slug}.{next(_numbers)}", logging.DEBUG)
        self._log.parent = logging.getLogger()
        self._log.addFilter(_Redaction(secrets_of(config)))
        self._log.addHandler(_Keeper(self.logged))

    @property
    def config(self) -> PluginConfig:
        """As it was given."""
        return self._config

    @property
    def log(self) -> logging.Logger:
        """Writes to `logged` and on to the root logger."""
        return self._log

    @property
    def live(self) -> FakeLive:
        """`PermanentError` unless `uses` holds `live`."""
        if "live" not in self._uses:
            raise PermanentError('The manifest does not ask for it: uses={"live"}.')
        return self._live

    def http(self, timeout: float) -> Any:
        """An `httpx.AsyncClient` through the guard that plugins get, as for an address of an administrator."""
        from taskflow.plugin_host.outbound import GivenBy

        client = self._guard().client(timeout=timeout, given_by=GivenBy.ADMINISTRATOR)
        self._clients.append(client)
        return client

    async def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection through the same guard."""
        from taskflow.plugin_host.outbound import GivenBy

        return await self._guard().connect(host, port, GivenBy.ADMINISTRATOR, timeout=timeout)

    def _guard(self) -> "Guard":
        # httpx is half of what this package would cost to import.
        from taskflow.plugin_host.outbound import Guard

        return Guard(allow=self._allow, offline=self._offline)

    async def aclose(self) -> None:
        """Closes the clients that the plugin did not close."""
        for client in self._clients:
            await client.aclose()
        self._clients.clear()


def secrets_of(config: PluginConfig) -> list[str]:
    """The values of its secret fields, longest first."""
    held = (getattr(config, name) for name in type(config).model_fields)
    values = {secret.get_secret_value() for secret in held if isinstance(secret, SecretStr)}
    return sorted(filter(None, values), key=len, reverse=True)


class _Redaction(logging.Filter):
    """Takes secrets out of records before any handler sees them."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info:
            record.exc_text = self._clean(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        record.msg, record.args = self._clean(record.getMessage()), ()
        return True

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class _Keeper(logging.Handler):
    """Writes records into a list."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__()
        self._kept = kept
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(self.format(record))
