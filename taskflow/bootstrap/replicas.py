"""`taskflow web`: the REST interface, the pages and the admin on several processes, beside workers of their own.

granian accepts and parses in Rust and hands whole requests to real threads; two processes use two cores, which one
process of Python cannot.
"""

import os

from taskflow.config import Settings

#: Seconds that running requests get after the signal.
GRACE = 8


def serve_replicas(settings: Settings, *, host: str, port: int, processes: int, threads: int) -> None:
    """Serve until SIGTERM or Ctrl-C. The database must be prepared (`taskflow migrate`)."""
    from django.db import connections
    from granian import Granian
    from granian.constants import Interfaces

    # The processes are forks: a connection that they shared would mix up their answers.
    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined]
    # They read the environment.
    os.environ["TASKFLOW_DATA_DIR"] = str(settings.data_dir)
    Granian(
        "taskflow.bootstrap.replica:build",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        websockets=False,
        # An access log would hold single-use links and search words.
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
    ).serve()
