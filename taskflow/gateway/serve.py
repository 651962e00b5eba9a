"""The gateway's process: `python -m taskflow.gateway.serve` with its settings as JSON on standard input.

It is given nothing else of the instance: no settings, no keys, no address of a database in its environment.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import Annotated

import uvicorn
from pydantic import BaseModel, ConfigDict, Field

from taskflow.gateway.app import build_app

#: Seconds that requests on their way get at SIGTERM.
GRACE = 3


class Setup(BaseModel):
    """What the gateway is started with."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: Annotated[str, Field(min_length=16)]
    #: An AMQP URL; None: events are not published.
    broker: str | None = None
    #: An open listening socket, by its file descriptor; else an address is listened on.
    descriptor: int | None = None
    host: str = "127.0.0.1"
    port: int = 0
    #: A file descriptor that gets one byte once requests are taken.
    ready: int | None = None
    #: Whether it ends when standard input does: whoever started it has gone.
    follows: bool = False
    log_level: str = "info"


class _Server(uvicorn.Server):
    """Drains at SIGTERM; Ctrl-C is its parent's business where it has one."""

    def __init__(self, config: uvicorn.Config, setup: Setup) -> None:
        super().__init__(config)
        self._follows, self._ready = setup.follows, setup.ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts listening, then says so."""
        await super().startup(sockets)
        if self._ready is not None:
            os.write(self._ready, b"1")
            os.close(self._ready)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends once what is on its way is answered."""
        if sig != signal.SIGINT or not self._follows:
            self.should_exit = True


def main() -> None:
    """Serves until SIGTERM."""
    setup = Setup.model_validate(json.loads(sys.stdin.readline()))
    _open_log(setup.log_level)
    os.umask(0o077)
    if setup.follows:
        threading.Thread(target=_follow, daemon=True, name="parent-watch").start()
    config = uvicorn.Config(
        build_app(setup.token, setup.broker),
        host=setup.host,
        port=setup.port,
        http="httptools",
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    sockets = None if setup.descriptor is None else [socket.socket(fileno=setup.descriptor)]
    server = _Server(config, setup)
    server.run(sockets=sockets)
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    # A provider's thread may still wait for a process that was told to end.
    os._exit(0 if server.started else 1)


def _open_log(level: str) -> None:
    """One line a record on standard error, times in UTC, as the core has it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    # pika tells of every connection that it tries.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def _follow() -> None:
    """Ends the process at once when the pipe from its parent does: nobody waits for an answer any more, and providers
    end with this process."""
    while os.read(0, 1024):
        continue
    os._exit(0)


if __name__ == "__main__":
    main()
