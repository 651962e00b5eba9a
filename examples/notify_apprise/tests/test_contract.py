"""What TaskFlow expects of a channel, tried with its own kit."""

from typing import Any, ClassVar

from taskflow.testing.contracts import ChannelContract
from taskflow.testing.servers import FakeHTTP, Fault


class FakeService(FakeHTTP):
    """What Apprise lets through of a server: neither Retry-After nor what it would say to a check."""

    names_retry_after = False
    faults_of_a_check: ClassVar[frozenset[Fault]] = frozenset()


class TestContract(ChannelContract):
    module = "taskflow_notify_apprise"
    server_type = FakeService
    # The first call loads Apprise: a second of processor time, several on a busy machine.
    timeout = 8.0

    def make_config(self, server: FakeService) -> dict[str, Any]:
        return {"urls": f"json://ada:{self.secret}@{server.host}:{server.port}/in", "timeout_s": self.timeout}
