"""One address of Apprise's, opened and used without blocking the event loop.

Apprise loads its services when it is first asked for one, which takes a second or so, and they send with blocking
calls. It is loaded and asked in a thread; sending happens in threads of its own (`async_notify`). A thread that waits
for a dead host cannot be ended: it is left to the time limit of its socket, four seconds unless the address says more.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from taskflow.plugin_api import AuthError, PermanentError, PluginError, TransientError

if TYPE_CHECKING:
    from apprise import Apprise

#: Shorter pieces of an address are words that occur in any text.
_SHORTEST_SECRET = 3
#: Apprise keeps no status apart; its services end their complaints with it.
_STATUS = re.compile(r"\berror=(\d{3})\b")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an address did not take a message: a sentence, and which error of the contract it is."""

    text: str
    kind: type[PluginError]


class Target:
    """An address, by its place among the others; neither its text nor a piece of it is ever shown."""

    def __init__(self, number: int, service: Any, apprise: "Apprise", url: str) -> None:
        self.number = number
        #: For people, as Apprise names it: `JSON`, `Telegram`.
        self.service = str(service.service_name)
        self._place = _find_place(service)
        self._apprise = apprise
        self._secrets = _find_secrets(url)

    def __repr__(self) -> str:
        return f"Target({self.number}, {self.service!r})"

    async def deliver(self, title: str, body: str, timeout_s: float) -> Failure | None:
        """Sends within `timeout_s` seconds; None where the service took it."""
        try:
            async with asyncio.timeout(timeout_s):
                # Plain text goes as it is: Apprise may else take it for Markdown and change it.
                result = await self._apprise.async_notify(title=title, body=body, body_format="text")
        except TimeoutError:
            return self._fail(f"did not answer within {timeout_s:g} seconds.")
        if result:
            return None
        said = " ".join(entry.message for entry in result.logs() if entry.level in {"WARNING", "ERROR", "CRITICAL"})
        kinds = {_classify(int(status)) for status in _STATUS.findall(said)} or {TransientError}
        kind = kinds.pop() if len(kinds) == 1 else TransientError
        return self._fail(f"failed: {self._redact(said) or 'Apprise does not say why.'}", kind)

    async def reach(self, timeout_s: float) -> Failure | None:
        """Connects where the address names a host and a port, and sends nothing; None where that works or it does not."""
        if self._place is None:
            return None
        try:
            async with asyncio.timeout(timeout_s):
                _, writer = await asyncio.open_connection(*self._place)
        except (OSError, TimeoutError) as error:
            return self._fail(f"cannot be connected to: {type(error).__name__}.")
        writer.close()
        return None

    def _fail(self, text: str, kind: type[PluginError] = TransientError) -> Failure:
        return Failure(f"Address {self.number} ({self.service}) {text}", kind)

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
        targets.append(Target(number, service, apprise, url))
    if refused:
        numbers = ", ".join(map(str, refused))
        raise PermanentError(f"Apprise does not understand these addresses, counted from 1: {numbers}.")
    return tuple(targets)


def _classify(status: int) -> type[PluginError]:
    if status in (401, 403):
        return AuthError
    return TransientError if status in (408, 429) or status >= 500 else PermanentError


def _find_place(service: Any) -> tuple[str, int] | None:
    """Host and port, where the address names both; with many services a token stands where others have the host."""
    has_host = any("{host}:{port}" in template for template in service.templates)
    return (str(service.host), service.port) if has_host and isinstance(service.port, int) else None


def _find_secrets(url: str) -> list[str]:
    """The address and its pieces, longest first: of many services the host is a token. The schema is no secret."""
    rest = url.partition("://")[2]
    pieces = {url, rest, *re.split(r"[/:@?&=,#]+", rest)}
    pieces |= {unquote(piece) for piece in pieces}
    return sorted((piece for piece in pieces if len(piece) >= _SHORTEST_SECRET), key=len, reverse=True)
