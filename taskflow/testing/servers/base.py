"""A server on a loopback port, in a thread with a loop of its own, and the ways in which it can fail."""

import asyncio
import threading
from contextlib import suppress
from enum import StrEnum
from typing import ClassVar, Self

#: Bytes of a line or a head. More than any client in a test sends.
_LONGEST_LINE = 1_000_000


class Fault(StrEnum):
    """What a backend does instead of answering well."""

    #: It accepts the connection and says nothing.
    HANG = "hang"
    #: It sends a byte every 50 ms and never ends.
    DRIP = "drip"
    #: It closes the connection instead of answering.
    CLOSE = "close"
    #: It closes the connection in the middle of its answer.
    CUT = "cut"
    #: It answers, with success, bytes that mean nothing.
    GARBAGE = "garbage"
    #: It answers, with success, JSON of another shape: `wrong_json` of the server.
    WRONG_JSON = "wrong_json"
    #: It answers well, with 10 MB.
    TEN_MEGABYTES = "ten_megabytes"
    #: 401, or SMTP's 535: the credentials are wrong.
    UNAUTHORISED = "401"
    #: 403, or SMTP's 534: the credentials do not allow it.
    FORBIDDEN = "403"
    #: 404, or SMTP's 550: there is no such model, address, recipient.
    NOT_FOUND = "404"
    #: 429 with Retry-After, or SMTP's 452.
    TOO_MANY = "429"
    #: 500, or SMTP's 451.
    SERVER_ERROR = "500"


class FakeServer:
    """The base of all fake servers: a context manager that listens from `start` (or `with`) to `stop`.

    A subclass answers one connection in `serve`, which runs in the server's own thread.
    """

    #: The faults that it can show.
    faults: ClassVar[frozenset[Fault]] = frozenset(Fault)
    #: Those among them that meet whoever only checks it, without asking for the real thing.
    faults_of_a_check: ClassVar[frozenset[Fault]] = frozenset(Fault)
    #: Whether a client has to understand its answers: without, a success is one whatever the answer says.
    answers_matter: ClassVar[bool] = True
    #: Whether it says after how many seconds to come back.
    names_retry_after: ClassVar[bool] = True

    def __init__(self) -> None:
        #: How it fails from the next connection or request on; None: it does not.
        self.fault: Fault | None = None
        #: Seconds before it answers.
        self.delay = 0.0
        #: Seconds that HANG and DRIP last at most, so that a client that blocks does not block the tests for ever.
        self.patience = 10.0
        self.host = "127.0.0.1"
        #: The port; 0 before it was started.
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """What a plugin is configured with."""
        raise NotImplementedError

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one connection until its end."""
        raise NotImplementedError

    def start(self) -> Self:
        """Listens on a free port; `OSError` where there is none."""
        ready: threading.Event = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._listen(ready)), name=type(self).__name__, daemon=True
        )
        self._thread.start()
        if not ready.wait(10) or not self.port:
            raise OSError(f"{type(self).__name__} could not listen on {self.host}")
        return self

    def stop(self) -> None:
        """Ends every connection and refuses new ones. It may be called twice."""
        if self._thread is None or self._loop is None or self._ending is None:
            return
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    async def _listen(self, ready: threading.Event) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._accept, self.host, 0, limit=_LONGEST_LINE)
            self.port = server.sockets[0].getsockname()[1]
        finally:
            ready.set()
        await self._ending.wait()
        # Closed at once, it would leave open what it accepted just now, which gets its task in the next turns.
        for listener in server.sockets:
            self._loop.remove_reader(listener.fileno())
        await _turn()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await _turn()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs it as one
        self._connections.add(task)
        try:
            # A client that goes away, in the middle or at the end, is what faults are about.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self.serve(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def hang(self) -> None:
        """Says nothing for as long as its patience lasts."""
        await asyncio.sleep(self.patience)

    async def drip(self, writer: asyncio.StreamWriter, byte: bytes) -> None:
        """Sends one byte every 50 ms for as long as its patience lasts."""
        for _ in range(int(self.patience / 0.05)):
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(0.05)


async def _turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
