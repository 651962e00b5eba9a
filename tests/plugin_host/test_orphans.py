"""A host that is killed takes its plugins with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bootstrap.instances import is_alive, wait_for
from tests.plugin_host.hosting import put
from tests.plugin_host.test_hostile import hostile

#: A process that runs a plugin as a worker does, and then waits to be killed.
HOST = """
import sys, threading, time
from taskflow.plugin_host.process import PluginProcess
from taskflow.plugin_host.state import EnabledPlugin, Outbound

sys.path.insert(0, sys.argv[1])
plugin = EnabledPlugin("hostile", "x", "1", "taskflow_hostile", "1", frozenset(), "none", 100, {})
process = PluginProcess(plugin, Outbound())
process.offers(deadline=30)
request = {"request": {"system": "", "prompt": "x"}}
call = ("llm_provider", "hostile", "complete", request)
threading.Thread(target=lambda: process.call(*call, deadline=60), daemon=True).start()
time.sleep(0.5)
print(process.pid, flush=True)
time.sleep(60)
"""
BUSY = {
    "idle": "0",
    "blocks_its_loop": "time.sleep(60)",
    "ignores_signals": "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]; await asyncio.sleep(60)",
    "lets_no_thread_run": "re.match('(a+)+b', 'a' * 60)",
}


@pytest.mark.parametrize("how", BUSY)
def test_no_process_is_left_three_seconds_after_the_host_was_killed(tmp_path: Path, how: str) -> None:
    put(tmp_path, "hostile", hostile(BUSY[how]))
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as host:
        assert host.stdout is not None
        plugin = int(host.stdout.readline())
        assert is_alive(plugin)
        host.send_signal(signal.SIGKILL)
        host.wait()
    try:
        wait_for(lambda: not is_alive(plugin), 3)
    finally:
        if is_alive(plugin):
            os.kill(plugin, signal.SIGKILL)
