"""Who may ask, and how large a request may be."""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from taskflow.gateway.refusals import Refusal

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Bytes. A hundred tasks with long descriptions.
MOST_BYTES = 10_000_000
_TOO_LARGE = Refusal(413, "too_large", f"A request has {MOST_BYTES:,} bytes at most.")
_CLOSE = (b"connection", b"close")


#: What anybody may read.
OPEN = frozenset({"/healthz", "/readyz", "/openapi.json"})


class TokenCheck:
    """Refuses whoever has not the token with 401, before anything of the body is read."""

    def __init__(self, app: Application, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["path"] in OPEN or self._has_token(scope):
            await self._app(scope, receive, send)
            return
        detail = "Send the gateway's token: Authorization: Bearer …"
        await _refuse(send, Refusal(401, "unauthenticated", detail), (b"www-authenticate", b"Bearer"))

    def _has_token(self, scope: Scope) -> bool:
        scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token)


class BodyLimit:
    """Refuses bodies over `MOST_BYTES` with 413: by the length that is announced, else by what comes."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length")
        if length is not None:
            if int(length) > MOST_BYTES:
                await _refuse(send, _TOO_LARGE, _CLOSE)
            else:
                await self._app(scope, receive, send)
        elif b"transfer-encoding" in headers:
            body = await _read(receive)
            if body is None:
                await _refuse(send, _TOO_LARGE, _CLOSE)
            else:
                await self._app(scope, _replay(body, receive), send)
        else:
            await self._app(scope, receive, send)


async def _read(receive: Receive) -> bytes | None:
    """A body without an announced length; None for one that is too large."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        more = message.get("more_body", False)
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(send: Send, refusal: Refusal, *more: tuple[bytes, bytes]) -> None:
    body = json.dumps(refusal.document()).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
