"""Bodies are collected before a thread is spent on a request."""

from collections.abc import MutableMapping
from typing import Any

from taskflow.bootstrap import requests
from taskflow.bootstrap.requests import Message, Receive, RequestCollector, Send


class Client:
    """An ASGI client that sends the given messages and notes what the application saw."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.body: bytes | None = None
        self.left_when_called = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def receive(self) -> Message:
        return self.messages.pop(0)

    async def send(self, message: Message) -> None:
        raise AssertionError("nothing is sent here")

    async def application(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.left_when_called = len(self.messages)
        self.headers = scope["headers"]
        self.body = b""
        more = True
        while more:
            message = await receive()
            self.body += message["body"]
            more = message["more_body"]

    async def call(self, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        collector = RequestCollector(self.application)
        await collector({"type": "http", "headers": headers or []}, self.receive, self.send)


def part(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_the_application_starts_when_the_body_is_there() -> None:
    client = Client(part(b"one "), part(b"two "), part(b"three", more=False))
    await client.call()
    assert client.body == b"one two three"
    assert client.left_when_called == 0


async def test_a_request_whose_client_left_is_never_run() -> None:
    client = Client(part(b"half an imp"), {"type": "http.disconnect"})
    await client.call()
    assert client.body is None


async def test_a_body_beyond_the_limit_is_not_held_in_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(requests, "COLLECT", 10)
    client = Client(part(b"x" * 8), part(b"y" * 8), part(b"z" * 8), part(b"", more=False))
    await client.call()
    assert client.body == b"x" * 8 + b"y" * 8 + b"z" * 8
    assert client.left_when_called == 2


async def test_a_header_that_only_looks_like_another_one_is_dropped() -> None:
    client = Client(part(b"", more=False))
    await client.call([(b"x-forwarded-for", b"1.2.3.4"), (b"x_forwarded_for", b"5.6.7.8")])
    assert client.headers == [(b"x-forwarded-for", b"1.2.3.4")]
