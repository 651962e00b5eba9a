"""Delivers messages to common addresses, or to a person's own."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from pydantic import SecretStr
from taskflow.plugin_api import (
    AuthError,
    Delivery,
    Health,
    Message,
    PermanentError,
    PluginError,
    Recipient,
    TransientError,
)

from taskflow_notify_apprise.targets import Failure, Target, open_targets

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
        failures = [outcome for outcome in outcomes if outcome is not None]
        done |= {target.number for target, outcome in zip(waiting, outcomes, strict=True) if outcome is None}
        if failures:
            # Refused credentials stop a channel for everybody until its settings change: not for one address of many.
            alone = len(failures) == len(targets) and targets is self._common
            raise _join(failures, every_address=alone)
        return Delivery(detail=f"taken by {', '.join(target.service for target in targets)}"[:300])

    async def check(self) -> Health:
        """Whether Apprise understands the addresses, and whether their hosts answer where they name host and port.

        Apprise knows no way to ask a service without sending something.
        """
        try:
            targets = await self._open_common()
        except PluginError as error:
            return Health(ok=False, error=str(error), next_step="Correct the addresses: https://appriseit.com/services")
        outcomes = await asyncio.gather(*(target.reach(self._limits.timeout_s) for target in targets))
        failures = [outcome.text for outcome in outcomes if outcome is not None]
        if failures:
            return Health(ok=False, error=" ".join(failures)[:1_000], next_step="Check host, port and firewall.")
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
        return await self._open([url])

    async def _open_common(self) -> tuple[Target, ...]:
        if not self._urls:
            raise PermanentError("No address is set.")
        if self._common is None:
            self._common = await self._open(self._urls)
        return self._common

    async def _open(self, urls: list[str]) -> tuple[Target, ...]:
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                return await open_targets(urls)
        except TimeoutError:
            raise TransientError(f"Apprise had not loaded within {self._limits.timeout_s:g} seconds.") from None

    def _remember(self, key: tuple[str, str]) -> set[int]:
        self._delivered[key] = self._delivered.pop(key, set())
        while len(self._delivered) > _REMEMBERED:
            self._delivered.popitem(last=False)
        return self._delivered[key]


def _join(failures: list[Failure], *, every_address: bool) -> PluginError:
    """One error for all: worth another try if one of them is; refused credentials only if all addresses refuse them."""
    text = " ".join(failure.text for failure in failures)[:900]
    kinds = {failure.kind for failure in failures}
    if TransientError in kinds:
        return TransientError(text)
    return AuthError(text) if kinds == {AuthError} and every_address else PermanentError(text)
