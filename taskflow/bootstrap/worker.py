"""The worker process: it runs the jobs, and is the parent of the processes that plugins run in."""

import signal
from collections.abc import Callable

from taskflow.application import ports
from taskflow.application.plugin_runs import StoredFailures, StoredPlugins, outbound
from taskflow.config import Settings
from taskflow.infrastructure.queue.local import WakeUps, find_socket_path
from taskflow.infrastructure.queue.worker import Worker
from taskflow.plugin_host.runner import Runner


def work(settings: Settings, ready: Callable[[], None]) -> int:
    """Work until SIGTERM; the exit code: 1 when a job had to be left to its lease."""
    wake_ups = WakeUps(find_socket_path(settings.data_dir))
    worker = Worker(wake_ups)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    runner = Runner(StoredPlugins(), StoredFailures(), outbound=outbound())
    ports.install(plugins=runner)
    ready()
    try:
        drained = worker.run()
    finally:
        ports.forget_plugins()
        runner.close()
    wake_ups.close()
    return 0 if drained else 1
