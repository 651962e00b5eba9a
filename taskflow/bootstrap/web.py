"""The web process: Django's WSGI application on real threads, behind one uvicorn."""

import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import uvicorn
from a2wsgi import WSGIMiddleware

from taskflow.bootstrap.requests import Application, RequestCollector
from taskflow.config import Settings

#: Requests at a time. Most of a request is Python or a wait for the one writer of SQLite, so more threads than this
#: add memory and no speed.
THREADS = 8
#: Seconds that running requests get after the signal; the supervisor kills one second after the two limits together.
GRACE = 7


class _Server(uvicorn.Server):
    """Tells when it accepts connections."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at SIGTERM. Ctrl-C goes to the whole group, and the supervisor turns it into a SIGTERM."""
        if sig != signal.SIGINT:
            self.should_exit = True


def build_application(wsgi: Any) -> RequestCollector:
    """The ASGI application that serves `wsgi`."""
    return RequestCollector(cast(Application, WSGIMiddleware(wsgi, workers=THREADS)))


def serve(settings: Settings, wsgi: Any, listener: socket.socket, ready: Callable[[], None]) -> int:
    """Serve until SIGTERM; the exit code."""
    proxies = [str(network) for network in settings.trusted_proxies]
    config = uvicorn.Config(
        build_application(wsgi),
        lifespan="off",
        interface="asgi3",
        loop="asyncio",
        http="h11",
        ws="none",
        log_config=None,
        # An access log would hold single-use links and search words.
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=GRACE,
    )
    _Server(config, ready).run(sockets=[listener])
    return 0
