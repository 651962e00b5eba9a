"""The contract that every plugin of this kind keeps, as `taskflow.testing` has it."""

from typing import Any

from taskflow.testing.contracts import ChannelContract


class TestChannel(ChannelContract):
    module = "taskflow_notify_email"
    timeout = 2.0

    def make_config(self, server: Any) -> dict[str, Any]:
        """A server that asks for a sign-in, without encryption."""
        return {
            "url": f"smtp://ada:{self.secret}@{server.host}:{server.port}?tls=off",
            "from_address": "TaskFlow <tasks@example.org>",
            "timeout_s": self.timeout,
        }
