"""One address of Apprise's, opened and used without blocking the event loop.

Apprise loads its services when it is first asked for one, which takes a second or so, and they send with blocking
calls. It is loaded and asked in a thread; sending happens in threads of its own (`async_notify`). A thread that waits
for a dead host cannot be ended: it is left to the time limit of its socket, four seconds unless the address says more.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from taskflow.plugin_api import PermanentError

if TYPE_CHECKING:
    from apprise import Apprise

#: Shorter pieces of an address are words that occur in any text.
_SHORTEST_SECRET = 3


class Target:
    """An address, by its place among the others; neither its text nor a piece of it is ever shown."""

    def __init__(self, number: int, service: str, apprise: "Apprise", url: str) -> None:
        self.number = number
        #: For people, as Apprise names it: `JSON`, `Telegram`.
        self.service = service
        self._apprise = apprise
        self._secrets = _find_secrets(url)

    def __repr__(self) -> str:
        return f"Target({self.number}, {self.service!r})"

    async def deliver(self, title: str, body: str, timeout_s: float) -> str:
        """Sends within `timeout_s` seconds; empty where the service took it, else what went wrong, in a sentence."""
        try:
            async with asyncio.timeout(timeout_s):
                # Plain text goes as it is: Apprise may else take it for Markdown and change it.
                result = await self._apprise.async_notify(title=title, body=body, body_format="text")
        except TimeoutError:
            return f"Address {self.number} ({self.service}) did not answer within {timeout_s:g} seconds."
        if result:
            return ""
        said = " ".join(entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"})
        return f"Address {self.number} ({self.service}) failed: {self._redact(said) or 'Apprise does not say why.'}"

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
        return " ".join(text.split())[:400]


async def open_targets(urls: Sequence[str]) -> tuple[Target, ...]:
    """The addresses, opened; `PermanentError` that counts those which Apprise does not understand."""
    return await asyncio.to_thread(_open, urls)


def _open(urls: Iterable[str]) -> tuple[Target, ...]:
    from apprise import Apprise, AppriseAsset

    # No files beside the instance's: a service that wants to keep something keeps it for the life of the process.
    asset = AppriseAsset(storage_mode="memory", secure_logging=True)
    targets: list[Target] = []
    refused: list[int] = []
    for number, url in enumerate(urls, start=1):
        service = Apprise.instantiate(url, asset=asset)
        if service is None:
            refused.append(number)
            continue
        apprise = Apprise(asset=asset)
        apprise.add(service)
        targets.append(Target(number, str(service.service_name), apprise, url))
    if refused:
        numbers = ", ".join(map(str, refused))
        raise PermanentError(f"Apprise does not understand these addresses, counted from 1: {numbers}.")
    return tuple(targets)


def _find_secrets(url: str) -> list[str]:
    """The address and its pieces, longest first: of many services the host is a token. The schema is no secret."""
    rest = url.partition("://")[2]
    pieces = {url, rest, *re.split(r"[/:@?&=,#]+", rest)}
    pieces |= {unquote(piece) for piece in pieces}
    return sorted((piece for piece in pieces if len(piece) >= _SHORTEST_SECRET), key=len, reverse=True)
