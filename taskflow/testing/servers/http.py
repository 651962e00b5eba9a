"""An HTTP/1.1 server with the faults of one, for whatever speaks HTTP: language models, chat services, webhooks."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from taskflow.testing.servers.base import FakeServer, Fault

#: Neither JSON nor UTF-8.
GARBAGE = b"\x00\xff\xfe<html>\x80 not what you expected" * 20
_TEN_MEGABYTES = 10_000_000
_STATUS = {
    Fault.UNAUTHORISED: 401,
    Fault.FORBIDDEN: 403,
    Fault.NOT_FOUND: 404,
    Fault.TOO_MANY: 429,
    Fault.SERVER_ERROR: 500,
}
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"} | {
    429: "Too Many Requests",
    500: "Internal Server Error",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; names of headers in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON; `ValueError` where it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says: `body` is sent as JSON unless it is bytes."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The answer as HTTP/1.1 sends it."""
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content))} | self.headers
        head = f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Status')}\r\n"
        return (head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode() + content


class FakeHTTP(FakeServer):
    """Answers every request with 200 and `{}`, or as a subclass's `answer` says; keeps what it was asked in `requests`.

    Its refusals repeat the credentials that they got, as real services do.
    """

    answers_matter: ClassVar[bool] = False
    #: Shapes that JSON with success must not have; each is tried.
    wrong_shapes: ClassVar[tuple[Any, ...]] = ({}, [], "ok", None)

    def __init__(self) -> None:
        super().__init__()
        #: Every request, oldest first.
        self.requests: list[Request] = []
        #: The value of Retry-After under TOO_MANY: seconds, or a date as HTTP writes it.
        self.retry_after = "7"
        #: What WRONG_JSON answers.
        self.wrong_json: Any = self.wrong_shapes[0]

    @property
    def url(self) -> str:
        """Its root, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def answer(self, request: Request) -> Answer:
        """A good answer."""
        return Answer()

    def refusal(self, status: int, text: str) -> Any:
        """The body of an answer that is no success."""
        return {"error": text}

    def ten_megabytes(self, request: Request) -> Answer:
        """A good answer with ten megabytes."""
        return Answer({"text": "x" * _TEN_MEGABYTES})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one connection, one after another."""
        while (request := await _read(reader)) is not None:
            self.requests.append(request)
            await asyncio.sleep(self.delay)
            if not await self._respond(request, writer):
                return

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection lives on."""
        if self.fault is Fault.HANG:
            await self.hang()
        elif self.fault is Fault.DRIP:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            await self.drip(writer, b" ")
        elif self.fault is Fault.CUT:
            whole = self.answer(request).encode()
            writer.write(whole[: len(whole) - 1])
            await writer.drain()
        elif self.fault is not Fault.CLOSE:
            whole = self._answer(request).encode()
            # An answer to HEAD is the head alone; what followed it would be read as the next answer.
            writer.write(whole if request.method != "HEAD" else whole[: whole.index(b"\r\n\r\n") + 4])
            await writer.drain()
            return request.headers.get("connection", "").lower() != "close"
        return False

    def _answer(self, request: Request) -> Answer:
        if self.fault is Fault.GARBAGE:
            return Answer(GARBAGE)
        if self.fault is Fault.WRONG_JSON:
            return Answer(self.wrong_json)
        if self.fault is Fault.TEN_MEGABYTES:
            return self.ten_megabytes(request)
        if self.fault is None:
            return self.answer(request)
        status = _STATUS[self.fault]
        headers = {"Retry-After": self.retry_after} if self.fault is Fault.TOO_MANY else {}
        credentials = request.headers.get("authorization", "").partition(" ")[2] or "none"
        text = f"{_REASONS[status]} for {request.path} with the key {credentials}"
        return Answer(self.refusal(status, text), status, headers)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None at its end, or where it speaks something else than HTTP."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, path, _ = first.split(" ", 2)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        # Trailers.
        continue
    return body
