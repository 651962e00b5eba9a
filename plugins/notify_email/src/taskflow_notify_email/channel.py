"""The channel: a connection for each mail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.headerregistry import Address
from typing import cast

import aiosmtplib

from taskflow.plugin_api import (
    Delivery,
    Health,
    Message,
    PermanentError,
    PluginContext,
    PluginError,
    Recipient,
    TransientError,
)
from taskflow_notify_email.addresses import read_address, split_mailbox
from taskflow_notify_email.config import Config, PersonalConfig
from taskflow_notify_email.errors import next_step, translate
from taskflow_notify_email.mail import compose

#: Seconds for the farewell, after which the mail has long been taken.
_FAREWELL = 1.0


class EmailChannel:
    """Mail over one server."""

    name = "email"

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._config = cast(Config, ctx.config)
        self._server = self._config.server
        self._sender = split_mailbox(self._config.from_address)

    async def send(self, message: Message, recipient: Recipient) -> Delivery:
        """Hands one mail over within `timeout_s`; `AuthError`, `TransientError`, `PermanentError`."""
        address = _find_address(recipient)
        mail = compose(message, self._sender, address)
        async with self._connected() as smtp:
            _, said = await smtp.sendmail(self._sender.addr_spec, [address.addr_spec], mail.as_bytes())
        return Delivery(external_id=str(mail["Message-ID"]), detail=" ".join(said.split())[:300])

    async def check(self) -> Health:
        """Signs in and leaves, without a mail."""
        now = self._ctx.clock.now()
        try:
            async with self._connected() as smtp:
                reply = await smtp.noop()
        except PluginError as error:
            step = next_step(error, self._server)
            return Health(ok=False, error=str(error)[:1_000], next_step=step, checked_at=now)
        return Health(ok=True, sample=f"{reply.code} {' '.join(reply.message.split())}"[:1_000], checked_at=now)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that is encrypted and signed in as `url` says."""
        server, limit = self._server, self._config.timeout_s
        smtp: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(limit):
                smtp = await self._connect(limit)
                yield smtp
            with suppress(aiosmtplib.SMTPException, OSError):
                await smtp.quit(timeout=_FAREWELL)
        except aiosmtplib.SMTPException as error:
            # Without the cause: a reply may repeat what it was given.
            raise translate(error, server) from None
        except TimeoutError as error:
            raise TransientError(f"{server} did not finish within {limit:g} seconds.") from error
        except OSError as error:
            raise translate(error, server) from error
        finally:
            if smtp is not None:
                smtp.close()

    async def _connect(self, limit: float) -> aiosmtplib.SMTP:
        server = self._server
        connection = await self._ctx.open_socket(server.host, server.port, limit)
        try:
            smtp = aiosmtplib.SMTP(
                hostname=server.host,
                sock=connection,
                username=server.username or None,
                password=server.password or None,
                use_tls=server.tls == "implicit",
                start_tls=server.tls == "starttls",
                timeout=limit,
            )
            await smtp.connect()
        except BaseException:
            connection.close()
            raise
        return smtp


def _find_address(recipient: Recipient) -> Address:
    own = recipient.settings.address if isinstance(recipient.settings, PersonalConfig) else None
    text = own or recipient.email
    if not text:
        raise PermanentError(f"{recipient.username} has no e-mail address.")
    try:
        return read_address(text)
    except ValueError as error:
        raise PermanentError(f"No mail can be sent to the address of {recipient.username}: {error}.") from None
