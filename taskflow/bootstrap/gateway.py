"""`taskflow gateway`: becomes the gateway's process, which is given nothing of the instance but what it needs."""

import json
import os
import sys
from collections.abc import Callable

from taskflow.bootstrap.listener import open_listener
from taskflow.config import ConfigError, load_settings
from taskflow.plugin_host.inspector import private_environment

_STANDARD_INPUT = 0


def become_gateway(host: str, port: int, *, ready: Callable[[], None]) -> None:
    """Replaces this process by the gateway; never returns. `ready` is called once it listens. `ConfigError` without a
    token, `CannotListen`."""
    settings = load_settings(os.environ)
    if settings.gateway_token is None:
        raise ConfigError(
            "TASKFLOW_GATEWAY_TOKEN", "it is missing", "It takes at least 16 characters, the same as in the core."
        )
    broker = settings.broker_url
    listener = open_listener(host, port)
    listener.set_inheritable(True)
    setup = {
        "token": settings.gateway_token.get_secret_value(),
        "broker": None if broker is None else broker.get_secret_value(),
        "descriptor": listener.detach(),
        "log_level": settings.log_level,
    }
    # Not as arguments or variables, which others on this machine may read.
    # Some hundred bytes: a pipe takes them without a reader.
    reading, writing = os.pipe()
    os.write(writing, json.dumps(setup).encode() + b"\n")
    os.close(writing)
    os.dup2(reading, _STANDARD_INPUT)
    ready()
    command = [sys.executable, "-P", "-m", "taskflow.gateway.serve"]
    os.execve(sys.executable, command, private_environment())  # noqa: S606 - our own interpreter and our own module
