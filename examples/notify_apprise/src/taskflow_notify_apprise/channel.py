"""Delivers messages to common addresses, or to a person's own."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from pydantic import SecretStr
from taskflow.plugin_api import Delivery, Health, Message, PermanentError, PluginError, Recipient, TransientError

from taskflow_notify_apprise.targets import Target, open_targets

#: Messages whose deliveries are remembered: far more than are tried again at a time.
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel keeps to."""

    timeout_s: float
    #: The schemas that people's own addresses may have.
    own_services: frozenset[str]


class AppriseChannel:
    """One set of common addresses."""

    name = "apprise"

    def __init__(self, urls: str, limits: Limits) -> None:
        self._urls = urls.split()
        self._limits = limits
        self._common: tuple[Target, ...] | None = None
        #: Where a message went already: after a failure at one address the others do not get it twice.
        self._delivered: OrderedDict[tuple[str, str], set[int]] = OrderedDict()

    def __repr__(self) -> str:
        return f"AppriseChannel({len(self._urls)} addresses)"

    async def send(self, message: Message, recipient: Recipient) -> Delivery:
        """Delivers to every address; those that took it before, under the same key, are left out."""
        targets = await self._targets_of(recipient)
        done = self._remember((message.key, recipient.username))
        waiting = [target for target in targets if target.number not in done]
        body = f"{message.body}\n\n{message.url}".strip()
        outcomes = await asyncio.gather(
            *(target.deliver(message.subject, body, self._limits.timeout_s) for target in waiting)
        )
        failures = [outcome for outcome in outcomes if outcome]
        done |= {target.number for target, outcome in zip(waiting, outcomes, strict=True) if not outcome}
        if failures:
            raise TransientError(" ".join(failures)[:900])
        return Delivery(detail=f"taken by {', '.join(target.service for target in targets)}"[:300])

    async def check(self) -> Health:
        """Whether Apprise understands the addresses. It knows no way to reach a service without sending something."""
        try:
            targets = await self._open_common()
        except PluginError as error:
            return Health(ok=False, error=str(error), next_step="Correct the addresses: https://appriseit.com/services")
        return Health(
            ok=True, sample=f"Understood: {', '.join(target.service for target in targets)}. Nothing was sent."
        )

    async def _targets_of(self, recipient: Recipient) -> tuple[Target, ...]:
        own: SecretStr | None = getattr(recipient.settings, "url", None)
        if own is None or not own.get_secret_value().strip():
            return await self._open_common()
        url = own.get_secret_value().strip()
        schema = url.partition("://")[0].lower()
        if schema not in self._limits.own_services:
            allowed = ", ".join(sorted(self._limits.own_services)) or "none"
            raise PermanentError(f"{recipient.username}'s own address is of no service that is allowed ({allowed}).")
        return await open_targets([url])

    async def _open_common(self) -> tuple[Target, ...]:
        if not self._urls:
            raise PermanentError("No address is set.")
        if self._common is None:
            self._common = await open_targets(self._urls)
        return self._common

    def _remember(self, key: tuple[str, str]) -> set[int]:
        self._delivered[key] = self._delivered.pop(key, set())
        while len(self._delivered) > _REMEMBERED:
            self._delivered.popitem(last=False)
        return self._delivered[key]
