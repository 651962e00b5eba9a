"""The worker process: it runs the jobs, and is the parent of the processes that plugins run in."""

import contextlib
import signal
from collections.abc import Callable, Iterator

from taskflow.application import ports
from taskflow.application.model_config import StoredConfig
from taskflow.application.plugin_runs import StoredFailures, StoredPlugins, outbound
from taskflow.config import Settings
from taskflow.infrastructure.gateway_client import GatewayClient, Place
from taskflow.infrastructure.gateway_process import GatewayProcess, RemoteGateway
from taskflow.infrastructure.queue.local import WakeUps, find_socket_path
from taskflow.infrastructure.queue.worker import Worker
from taskflow.plugin_host.runner import Runner


@contextlib.contextmanager
def open_models(settings: Settings) -> Iterator[GatewayClient]:
    """The way to language models: over the gateway that the settings name, else one of this process's own."""
    own = None
    if settings.gateway_url is not None and settings.gateway_token is not None:
        place: Place = RemoteGateway(settings.gateway_url, settings.gateway_token.get_secret_value())
    else:
        place = own = GatewayProcess(log_level=settings.log_level)
    client = GatewayClient(place, StoredConfig(), StoredFailures())
    try:
        yield client
    finally:
        client.close()
        if own is not None:
            own.stop()


def work(settings: Settings, ready: Callable[[], None]) -> int:
    """Work until SIGTERM; the exit code: 1 when a job had to be left to its lease."""
    wake_ups = WakeUps(find_socket_path(settings.data_dir))
    worker = Worker(wake_ups)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    runner = Runner(StoredPlugins(), StoredFailures(), outbound=outbound())
    with open_models(settings) as models:
        ports.install(plugins=runner, models=models)
        ready()
        try:
            drained = worker.run()
        finally:
            ports.forget_plugins()
            runner.close()
    wake_ups.close()
    return 0 if drained else 1
