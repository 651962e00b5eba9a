"""What a plugin gets from its host."""

import logging
import socket
from datetime import datetime
from typing import Any, Protocol

from taskflow.plugin_api.manifest import PluginConfig


class Clock(Protocol):
    """The time, which tests set."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""


class Live(Protocol):
    """Open connections of people, for a manifest with `uses={"live"}`."""

    async def push(self, username: str, notification: dict[str, Any]) -> int:
        """Sends a notification to each of a person's open connections; how many there were."""


class PluginContext(Protocol):
    """Handed to each hook. It lives as long as one set of settings: after a change there is a new one."""

    @property
    def config(self) -> PluginConfig:
        """An instance of the manifest's `config`."""

    @property
    def log(self) -> logging.Logger:
        """The plugin's own logger. Secrets of its settings are taken out of what it logs."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def live(self) -> Live:
        """`PermanentError` unless the manifest asks for it."""

    def http(self, timeout: float) -> Any:
        """An `httpx.AsyncClient` whose requests take `timeout` seconds at most and go where the instance allows.

        No redirects are followed, and answers end at 5 MB. Keep it as long as the context, or use it as a context
        manager; what is still open when the plugin is stopped is closed then.
        """

    async def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A TCP connection for another protocol than HTTP, to where the instance allows; not blocking, without TLS.

        `PermanentError` where it does not allow it, `TransientError` when it does not stand within `timeout` seconds.
        """
