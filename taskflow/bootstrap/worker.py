"""The worker process of the embedded mode."""

import signal
from collections.abc import Callable

from taskflow.config import Settings
from taskflow.infrastructure.queue.local import WakeUps, find_socket_path
from taskflow.infrastructure.queue.worker import Worker


def work(settings: Settings, ready: Callable[[], None]) -> int:
    """Work until SIGTERM; the exit code: 1 when a job had to be left to its lease."""
    wake_ups = WakeUps(find_socket_path(settings.data_dir))
    worker = Worker(wake_ups)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    ready()
    drained = worker.run()
    wake_ups.close()
    return 0 if drained else 1
