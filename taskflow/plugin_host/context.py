"""What a plugin's process hands to its hooks: `plugin_api.PluginContext`."""

import logging
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from taskflow.plugin_api.errors import PermanentError
from taskflow.plugin_api.manifest import PluginConfig
from taskflow.plugin_host.allowance import Allowance
from taskflow.plugin_host.state import Outbound

if TYPE_CHECKING:
    import httpx

    from taskflow.plugin_host.outbound import Guard


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class HostContext:
    """The context of one plugin with one set of settings."""

    def __init__(self, slug: str, config: PluginConfig, outbound: Outbound, log: logging.Logger) -> None:
        self.slug, self.config, self.log, self.clock = slug, config, log, SystemClock()
        self._outbound = outbound
        self._clients: list[httpx.AsyncClient] = []

    @property
    def live(self) -> NoReturn:
        """`PermanentError`: no part of this release has connections of people open."""
        raise PermanentError("There are no live connections in this release.")

    def http(self, timeout: float) -> "httpx.AsyncClient":
        """A client that goes where the instance allows; its addresses are an administrator's."""
        # httpx takes a tenth of a second to import, and not every plugin needs it.
        from taskflow.plugin_host.outbound import GivenBy

        client = self._guard().client(timeout=timeout, given_by=GivenBy.ADMINISTRATOR)
        self._clients.append(client)
        return client

    async def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A TCP connection to where the instance allows."""
        from taskflow.plugin_host.outbound import GivenBy

        return await self._guard().connect(host, port, GivenBy.ADMINISTRATOR, timeout=timeout)

    async def close(self) -> None:
        """Closes the clients that the plugin left open."""
        for client in self._clients:
            await client.aclose()

    def _guard(self) -> "Guard":
        from taskflow.plugin_host.outbound import Guard

        return Guard(allow=self._outbound.allow, offline=self._outbound.offline)


class SentLog(logging.Handler):
    """Hands a plugin's log to `send` (level, text), and no more of it than is allowed."""

    def __init__(self, send: Callable[[int, str], None]) -> None:
        super().__init__()
        self._send = send
        self._allowance = Allowance()

    def emit(self, record: logging.LogRecord) -> None:
        missed = self._allowance.take()
        if missed is None:
            return
        if missed:
            self._send(logging.WARNING, f"{missed} lines were left out: it logs too much.")
        try:
            text = self.format(record)
        except (TypeError, ValueError) as error:
            # A wrong format string is the plugin's, and no reason to fail its call.
            text = f"{record.msg!r} cannot be written: {error}"
        self._send(min(max(record.levelno, 0), 100), text)


def open_log(slug: str, send: Callable[[int, str], None]) -> logging.Logger:
    """The logger of a plugin, whose lines go to `send`."""
    log = logging.getLogger(f"plugin.{slug}")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers[:] = [SentLog(send)]
    return log
