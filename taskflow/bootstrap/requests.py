"""What happens to an HTTP request before a thread is spent on it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: Bodies up to this many bytes are collected before a thread is taken; the rest of a longer one is read by the thread.
COLLECT = 17 * 1024 * 1024


class RequestCollector:
    """Collects a request's body, then hands it to the application.

    There are few threads, and a client that sends slowly would occupy one for as long as it likes. A request whose
    client left in the middle of the body never reaches the application: half an import must not look like a whole one.
    Headers with an underscore in their name are dropped, since WSGI cannot tell them from those with a hyphen.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        chunks: list[bytes] = []
        size = 0
        more = True
        while more and size <= COLLECT:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False)
        first: Message | None = {"type": "http.request", "body": b"".join(chunks), "more_body": more}
        chunks.clear()

        async def replay() -> Message:
            nonlocal first
            if first is not None:
                message, first = first, None
                return message
            return await receive()

        headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        await self._application({**scope, "headers": headers}, replay, send)
