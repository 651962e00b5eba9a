"""The way of Ollama's client to its server: over the host's guarded connections, and with the contract's errors."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from taskflow.plugin_api import AuthError, Clock, PermanentError, PluginError, TransientError
from taskflow_llm_local.errors import Unfit, shorten

#: Seconds. Nothing good comes of obeying a server that says to come again in a year.
_LONGEST_WAIT = 86_400.0
#: Answers that say "not now": a timeout, a limit.
_LATER = {408, 425, 429}
#: What the client would tell of the machine, or take from the environment.
_UNSENT = {"user-agent", "authorization", "cookie"}


class GuardedTransport(httpx.AsyncBaseTransport):
    """Hands requests to `guarded`, an httpx client of the host. What is no success is raised as the contract's error,
    the wish of Retry-After with it, which the client itself does not pass on."""

    def __init__(self, guarded: Any, host: str, clock: Clock) -> None:
        self._guarded, self._host, self._clock = guarded, host, clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """`AuthError`, `TransientError`, `PermanentError`."""
        headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() not in _UNSENT]
        forwarded = httpx.Request(request.method, request.url, headers=headers, stream=request.stream)
        sent: httpx.Response = await self._guarded.send(forwarded, stream=True)
        if not sent.is_success:
            raise await self._translate(sent)
        return httpx.Response(sent.status_code, headers=sent.headers, stream=sent.stream)

    async def aclose(self) -> None:
        """Closes its connections."""
        await self._guarded.aclose()

    async def _translate(self, sent: httpx.Response) -> PluginError:
        try:
            await sent.aread()
        finally:
            await sent.aclose()
        status, said = sent.status_code, _quote(sent)
        message = f"{self._host} answered {status}: {said}"
        if status in {401, 403}:
            return AuthError(message)
        if status in _LATER or status >= 500:
            return TransientError(message, retry_after=_read_retry_after(sent.headers, self._clock.now()))
        if status == 404:
            return Unfit(
                f"{message}.", "Pull the model in the admin, or set model to one that is there; check ollama_host."
            )
        if sent.is_redirect:
            return PermanentError(f"{self._host} answered {status}: it redirects, which is not followed.")
        return PermanentError(message)


def _quote(sent: httpx.Response) -> str:
    """The server's own words, bounded, on one line."""
    try:
        body = sent.json()
    except (ValueError, RecursionError):
        body = None
    said = body.get("error") if isinstance(body, dict) else None
    return shorten(str(said or sent.reason_phrase or "nothing more")).rstrip(".")


def _read_retry_after(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds until it may be asked again (RFC 9110: a number or a date), or None."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text) if text.isdecimal() else (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)
